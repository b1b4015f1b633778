/** Reads tiles: what is worth most first, neighbours in a shard together, and what does not come again and again. */
import { RefusedError, UnreachableError, messageOf } from "../errors.ts";
import type { Folder } from "../http.ts";
import { type ByteRange, PackReader, Room, coalesce, inParallel } from "../pack_reader.ts";
import { childrenOf } from "../v2/cell_id.ts";
import type { CellData, TileJob } from "./cell_data.ts";
import type { Decoder } from "./decoder.ts";
import { type TileSpot, type TreeNode, tileOf } from "./node.ts";
import { Pauses } from "./pauses.ts";

/** Bytes after which it is thought over what to read next, as the camera may have moved. */
const BATCH_BYTES = 1 << 18;
/** What takes longer does not hold up what can be read beside it, milliseconds. */
const SLOW_MS = 3000;
/** So many batches are under way at most, all but one of them slow. */
const MOST_BATCHES = 3;
/** So many tiles of a shard are refused before all of it is given up. */
const MOST_REFUSALS = 3;

export interface FetcherEvents {
  /** Tiles that are wanted and not here, the most valuable first. */
  next(): TreeNode[];
  /** The tile of `node` is here. */
  onTile(node: TreeNode, cells: CellData[]): void;
  onError(message: string): void;
  /** More bytes have come, or none are asked for any more. */
  onBytes?(): void;
  /** What was told by `onError` is here, all of it. */
  onMended?(): void;
}

interface Spot extends TileSpot {
  node: TreeNode;
}
type Range = ByteRange<Spot>;

const shardOf = (node: TreeNode): number => (node.spot as TileSpot).shard;

export class Fetcher {
  private readonly readers = new Map<number, PackReader>();
  private room = new Room();
  /** Shards that the server does not have, and those of which something has come. */
  private readonly broken = new Set<number>();
  private readonly sound = new Set<number>();
  /** Shards that cannot be reached, of which one tile is asked for after each pause; and tiles that alone cannot be. */
  private readonly shards = new Pauses<number>((shard) => this.release(shard));
  private readonly tiles = new Pauses<TreeNode>((node) => this.free([node]));
  private readonly probed = new Set<number>();
  /** Tiles that wait until their shard can be reached. */
  private readonly held = new Map<number, Set<TreeNode>>();
  /** How often a tile came damaged, or not at all: it is asked for alone then. */
  private readonly failures = new Map<TreeNode, number>();
  private readonly damaged = new Set<TreeNode>();
  /** What is missing in the end, and was told or need not be. */
  private readonly missing = new Set<TreeNode>();
  private running: Promise<void> | null = null;
  private readonly reading = new Set<Promise<void>>();
  /** Bytes that have come in this run, and those that are asked for and have not. */
  progress = { here: 0, asked: 0 };

  constructor(
    private readonly folder: Folder,
    private readonly palette: Float32Array,
    private readonly decoder: Decoder<TileJob, CellData[]>,
    private readonly events: FetcherEvents,
  ) {}

  /** Resolves when nothing more is wanted that can be asked for now. */
  run(): Promise<void> {
    this.running ??= this.read().finally(() => {
      this.running = null;
      this.progress = { here: 0, asked: 0 };
      this.events.onBytes?.();
      this.mend();
    });
    return this.running;
  }

  /** Asks again for all that did not come. */
  retry(): void {
    for (const map of [this.readers, this.failures]) map.clear();
    for (const set of [this.broken, this.damaged, this.probed]) set.clear();
    this.room = new Room();
    for (const pauses of [this.shards, this.tiles]) pauses.endAll();
    for (const shard of [...this.held.keys()]) this.release(shard);
    this.free([...this.missing]);
  }

  private async read(): Promise<void> {
    for (;;) {
      const batch = this.reading.size < MOST_BATCHES ? this.batch() : [];
      if (batch.length > 0) {
        const reading: Promise<void> = this.readBatch(batch).finally(() => this.reading.delete(reading));
        this.reading.add(reading);
        let timer: ReturnType<typeof setTimeout> | undefined;
        await Promise.race([reading, new Promise((done) => (timer = setTimeout(done, SLOW_MS)))]);
        clearTimeout(timer);
      } else if (this.reading.size > 0) await Promise.race(this.reading);
      else return;
    }
  }

  private batch(): TreeNode[] {
    for (;;) {
      const wanted = this.events.next();
      if (wanted.length === 0) return [];
      const batch: TreeNode[] = [];
      let bytes = 0;
      // What has never failed first: it shows whether anything can be reached.
      for (const node of wanted.sort((a, b) => (this.failures.get(a) ?? 0) - (this.failures.get(b) ?? 0))) {
        const { shard, size } = node.spot as TileSpot;
        if (this.broken.has(shard)) this.lose(node);
        else if (this.shards.isPaused(shard) || this.probed.has(shard)) this.hold(node);
        else if (bytes > 0 && bytes + size > BATCH_BYTES) break;
        else {
          if (this.shards.triesOf(shard) > 0) this.probed.add(shard);
          bytes += size;
          node.tile = "asked";
          batch.push(node);
        }
      }
      if (batch.length > 0) return batch;
    }
  }

  private async readBatch(batch: TreeNode[]): Promise<void> {
    const spots = batch.map((node): Spot => ({ node, ...(node.spot as TileSpot) }));
    await Promise.all(
      [...new Set(batch.map(shardOf))].map((shard) => {
        const [alone, together] = [true, false].map((is) =>
          spots.filter((spot) => spot.shard === shard && this.failures.has(spot.node) === is),
        );
        const ranges = [...coalesce(together), ...alone.flatMap((spot) => coalesce([spot]))];
        return inParallel(ranges, (range) => this.readRange(shard, range));
      }),
    );
  }

  private async readRange(shard: number, range: Range): Promise<void> {
    const name = `${this.folder.path}tiles-${String(shard).padStart(5, "0")}.bin`;
    let reader = this.readers.get(shard);
    if (!reader) {
      reader = new PackReader(name, null, this.folder.fetcher, this.room);
      this.readers.set(shard, reader);
    }
    let left = 0;
    const expect = (bytes: number) => {
      this.progress.asked += bytes - left;
      left = bytes;
    };
    const take = (count: number) => {
      this.progress.here += count;
      expect(Math.max(left - count, 1)); // until it is over
      this.events.onBytes?.();
    };
    expect(range.end - range.start);
    try {
      const fresh = range.entries.some(({ node }) => this.damaged.has(node));
      const bytes = await reader.bytes(range, { onBytes: take, onSize: expect }, fresh);
      this.reached(shard);
      const decoding = range.entries.map(({ node, offset, size }) => {
        const part = bytes.subarray(offset - range.start, offset - range.start + size);
        return this.decode(node, part, `${name}, tile of cell ${node.name},`);
      });
      await Promise.all(decoding);
    } catch (reason) {
      this.fail(shard, range, reason);
    } finally {
      expect(0);
    }
  }

  /** A shard has sent something: what waited for it may be asked for. */
  private reached(shard: number): void {
    this.sound.add(shard);
    this.shards.end(shard);
    this.probed.delete(shard);
    this.release(shard);
  }

  private fail(shard: number, { entries }: Range, reason: unknown): void {
    const nodes = entries.map(({ node }) => node);
    const [alone, known] = [nodes.length === 1, nodes.every((node) => this.missing.has(node))];
    const before = this.shards.triesOf(shard);
    const single = alone && before === 0 && this.failures.has(nodes[0]);
    for (const node of nodes) this.failures.set(node, (this.failures.get(node) ?? 0) + 1);
    if (reason instanceof UnreachableError) {
      if (!known && before === 0) this.events.onError(reason.message);
      for (const node of nodes) this.missing.add(node);
      if (single) {
        nodes[0].tile = "waiting";
        this.tiles.pause(nodes[0], reason.afterMs);
        return;
      }
      this.probed.delete(shard);
      // What is told of requests that were under way together is one failure.
      if (!this.shards.isPaused(shard)) this.shards.pause(shard, reason.afterMs);
      for (const node of nodes) this.hold(node);
      return;
    }
    this.probed.delete(shard);
    const suspected = reason instanceof RefusedError && !this.sound.has(shard) && before < MOST_REFUSALS;
    if (suspected) this.shards.suspect(shard);
    else this.shards.end(shard);
    if (suspected || (this.sound.has(shard) && !alone)) {
      for (const node of nodes) node.tile = "unread"; // now each of them alone
    } else {
      if (!this.sound.has(shard)) this.broken.add(shard);
      for (const node of nodes) this.lose(node);
      this.events.onError(messageOf(reason));
    }
    this.release(shard);
  }

  private hold(node: TreeNode): void {
    const shard = shardOf(node);
    node.tile = "waiting";
    this.held.set(shard, (this.held.get(shard) ?? new Set()).add(node));
  }

  /** Lets what waits for a shard be asked for. */
  private release(shard: number): void {
    const nodes = [...(this.held.get(shard) ?? [])];
    this.held.delete(shard);
    this.free(nodes);
  }

  private free(nodes: readonly TreeNode[]): void {
    for (const node of nodes) if (node.tile !== "here" && node.tile !== "asked") node.tile = "unread";
    void this.run();
  }

  private lose(node: TreeNode): void {
    node.tile = "lost";
    this.missing.add(node);
  }

  /** Whether nothing is missing that was wanted. */
  get isWhole(): boolean {
    return ![...this.missing].some(({ tile }) => tile === "lost" || tile === "waiting");
  }

  private mend(): void {
    if (this.missing.size === 0 || !this.isWhole) return;
    this.missing.clear();
    this.events.onMended?.();
  }

  private async decode(node: TreeNode, bytes: Uint8Array, what: string): Promise<void> {
    const { id, childMask, tile } = node.cell;
    try {
      // A copy, which the worker may keep: the bytes lie in those of a whole request.
      const own = tileOf(node, bytes, what).slice();
      const job = { bytes: own, crc: tile?.crc ?? 0, cells: childrenOf(id, childMask), palette: this.palette, what };
      const cells = await this.decoder.decode(job);
      node.tile = "here";
      this.failures.delete(node);
      this.tiles.end(node);
      this.events.onTile(node, cells);
    } catch (reason) {
      // What came may have been changed or cut off on the way, or in a cache: it is read once more.
      if (this.damaged.has(node)) {
        this.lose(node);
        this.events.onError(messageOf(reason));
        return;
      }
      this.damaged.add(node);
      this.failures.set(node, 1);
      node.tile = "unread";
    }
  }
}
