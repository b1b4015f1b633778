/**
 * Moves the stars that are at hand to a date: along straight lines, place + velocity x years since the pack's own date.
 *
 * Velocities are read, by range, for the tiles whose stars are shown, once a date is asked for that is not the pack's own.
 * Places are summed in float64 from those of that date, and at it they are these again, to the bit. What stands for stars,
 * proxies and the glow, stays where it is.
 */
import type { Ball } from "../ball.ts";
import { messageOf } from "../errors.ts";
import type { SplatStore, StoredCell } from "../splat_store.ts";
import { SideReader, type SidePlace, sidePlace, skyPlace } from "../tree/side_reader.ts";
import type { TreeSource } from "../tree/source.ts";
import { MOTION, decodeMotion } from "../v2/side.ts";
import type { Vec3 } from "../vec.ts";

/** What float32 may make of a coordinate, a share of the largest of the cell. */
const ROUNDING = 2 ** -22;

/** Called when velocities are there, and where some cannot be read. */
export interface MotionEvents {
  onCome(): void;
  onError(message: string): void;
}

/** What is known of a cell: where it was, and how its stars move, metres a year. */
interface Moving {
  home: Float32Array;
  ball: Ball;
  velocity: Float32Array;
  /** The date that it is at. */
  year: number;
}

/** A tile whose velocities are wanted: the cells with its stars, in their order. */
type Wanted = SidePlace & { cells: StoredCell[] };

export class Motions {
  private readonly store: SplatStore;
  private readonly reader: SideReader;
  private readonly moving = new WeakMap<StoredCell, Moving>();
  private readonly asked = new WeakSet<StoredCell>();
  private failed: StoredCell[] = [];
  private readonly reading = new Set<Promise<void>>();

  /** The stars of `source` are where it has them at `epoch`, a Julian year. */
  constructor(
    private readonly source: TreeSource,
    private readonly epoch: number,
    private readonly events: MotionEvents,
  ) {
    this.store = source.store;
    this.reader = new SideReader(source.pack.folder);
  }

  /** Moves the cells that are shown to `year`, or `all`, as far as their velocities are here, and asks for those that are not. */
  move(year: number, all: boolean): void {
    for (const cell of this.store.cells) {
      const moving = this.moving.get(cell);
      if (moving && moving.year !== year && (all || cell.weight > 0)) this.put(cell, moving, year);
    }
    if (year !== this.epoch) this.ask();
  }

  /** Resolves when all that was asked for is here, or known not to come. */
  async settle(): Promise<void> {
    while (this.reading.size > 0) await Promise.all(this.reading);
  }

  /** Asks again for what could not be read. */
  retry(): void {
    for (const cell of this.failed) this.asked.delete(cell);
    this.failed = [];
    this.events.onCome();
  }

  private put(cell: StoredCell, moving: Moving, year: number): void {
    const { means } = this.store;
    const { origin, unitM, start, count } = cell;
    const { home, velocity, ball } = moving;
    const scale = (year - this.epoch) / unitM;
    const [low, high] = [
      [0, 0, 0],
      [0, 0, 0],
    ];
    for (let axis = 0; axis < 3; axis++) {
      let [least, most] = [Infinity, -Infinity];
      for (let i = 0, at = axis; i < count; i++, at += 3) {
        const value = home[at] + velocity[at] * scale;
        means[4 * (start + i) + axis] = value;
        least = Math.min(least, value);
        most = Math.max(most, value);
      }
      [low[axis], high[axis]] = [least, most];
    }
    moving.year = year;
    if (year === this.epoch) {
      [cell.ball, cell.reach] = [ball, 1];
    } else {
      cell.reach = Math.max(1, ...high.map(Math.abs), ...low.map(Math.abs));
      const centre = origin.map((value, axis) => value + (unitM * (low[axis] + high[axis])) / 2) as unknown as Vec3;
      const across = Math.hypot(...high.map((value, axis) => value - low[axis]));
      cell.ball = { centre, radius: unitM * (across / 2 + ROUNDING * cell.reach) };
    }
    this.store.moved(cell);
  }

  private ask(): void {
    const lacking = new Set<StoredCell>();
    for (const cell of this.store.cells) {
      if (cell.points && cell.weight > 0 && cell.count > 0 && !this.asked.has(cell)) lacking.add(cell);
    }
    if (lacking.size === 0) return;
    const wanted = this.tilesOf(lacking);
    for (const cell of [...lacking, ...wanted.flatMap(({ cells }) => cells)]) this.asked.add(cell);
    if (wanted.length === 0) return;
    const reading = this.read(wanted).finally(() => this.reading.delete(reading));
    this.reading.add(reading);
  }

  /** The tiles that hold any of `lacking`. */
  private tilesOf(lacking: ReadonlySet<StoredCell>): Wanted[] {
    const { root, pack } = this.source;
    const wanted: Wanted[] = [];
    const sky = root.content?.stars;
    if (sky && lacking.has(sky)) wanted.push({ ...skyPlace(pack.head.sky), cells: [sky] });
    const waiting = [root];
    for (let node = waiting.pop(); node; node = waiting.pop()) {
      waiting.push(...node.children);
      const cells = node.children.flatMap(({ content }) => content?.stars ?? []);
      if (node.place && cells.some((cell) => lacking.has(cell))) wanted.push({ ...sidePlace(node.place), cells });
    }
    return wanted;
  }

  private async read(wanted: Wanted[]): Promise<void> {
    const fail = (tiles: readonly Wanted[], reason: unknown) => {
      this.failed.push(...tiles.flatMap(({ cells }) => cells));
      this.events.onError(messageOf(reason));
    };
    await this.reader.readAll(
      MOTION,
      wanted,
      (tile, bytes) => {
        try {
          this.take(tile, decodeMotion(bytes, tile.stars, tile.crc, this.reader.nameOf(MOTION, tile)));
        } catch (reason) {
          fail([tile], reason);
        }
      },
      fail,
    );
    this.events.onCome();
  }

  private take({ cells }: Wanted, velocities: Float32Array): void {
    let before = 0;
    for (const cell of cells) {
      const velocity = velocities.subarray(3 * before, 3 * (before + cell.count));
      before += cell.count;
      if (!this.store.cells.has(cell)) continue; // it went meanwhile, and is asked for again when it is back
      const home = new Float32Array(3 * cell.count);
      for (let i = 0; i < home.length; i++) {
        home[i] = this.store.means[4 * (cell.start + Math.floor(i / 3)) + (i % 3)];
      }
      cell.home = home;
      this.moving.set(cell, { home, ball: cell.ball, velocity, year: this.epoch });
    }
  }
}
