/** The splats of a pack that is a tree of levels: as much of it as a view needs, and as much as the budget bears. */
import type { Ball } from "../ball.ts";
import { messageOf } from "../errors.ts";
import { frustumOf } from "../frustum.ts";
import type { GlowMap } from "../glow_pass.ts";
import { smoothstep } from "../numbers.ts";
import { PARSEC_M } from "../sky.ts";
import type { Source, SourceEvents, View } from "../source.ts";
import { SplatStore } from "../splat_store.ts";
import { type Vec3, add, length, scale, sub } from "../vec.ts";
import { allLight } from "./all_light.ts";
import type { CellData } from "./cell_data.ts";
import type { Contrast } from "./contrast.ts";
import { type Budget, costOf, cutAt, judgeAll, smallestTau, want } from "./cut.ts";
import { FADE_MS, Fades, faded } from "./fades.ts";
import { TreeNode, grow } from "./node.ts";
import type { TreePack } from "./pack.ts";
import type { Reading } from "./reading.ts";
import type { Resident } from "./resident.ts";

const BUDGET: Budget = { splats: 200_000, bytes: 4 << 20, share: 1e-6 };
/** Splats that there is room for, for each of the budget: also those of the cells that came with the ones in view. */
const ROOM = 3;
/** Bytes of tiles kept, likewise. */
const KEPT_BYTES = 1.5;
/** So much over the budget cells close at once. */
const MOST_OVER = 1.7;
/** Tau changes by at most this factor a second: without, cells at the edge of the budget would come and go. */
const TAU_PER_S = 8;
/** The glow gives way from the first distance from the Sun to the second, metres. */
const GLOW_M = [10 * PARSEC_M, 30 * PARSEC_M] as const;
/** While the cells that are not here yet leave so much of the light in the wrong place, the glow is better. */
const GLOW_SHARE = 0.03;
/** Cells so far outside of the view are read with those in it, CSS px. */
const MARGIN_PX = 200;
/** Settling a view goes on no longer than this, should what is read never satisfy it. */
const MOST_PASSES = 20;
/**
 * The page below an open cell is read if the cell's score is so many times tau: the errors of its children add up to less
 * than its own, so that hardly one is worth opening before.
 */
const PAGE_SCORE = 2;
/** A flight is looked ahead so many milliseconds. */
const AHEAD_MS = 1000;

export class TreeSource implements Source {
  readonly store: SplatStore;
  glow: GlowMap | null;
  glowWeight: number;
  /** What a user may change. */
  budget: Budget = { ...BUDGET };
  tau = 0;
  /** The share of the glow's light, were the camera at the Sun. */
  private glowShare: number;
  readonly root: TreeNode;
  private readonly fades: Fades;
  /** What slows fades, from the first that is read on: the first sky has none. */
  private contrast: Contrast | null = null;
  private slowing: Promise<void> | null = null;
  /** What reads the rest, from the first that is read on. */
  private reading: Reading | null = null;
  private starting: Promise<void> | null = null;
  /** Bytes of tiles that are wanted and not asked for. */
  private lackingBytes = 0;
  private resident: Resident | null = null;
  private readonly keptBytes = KEPT_BYTES * BUDGET.bytes;
  /** Tiles that there was no room for, until what closes has closed. */
  private readonly full = new Set<TreeNode>();
  private cut: TreeNode[] = [];
  private view: View | null = null;
  private judged = "";
  private time: number | null = null;
  private velocity: Vec3 = [0, 0, 0];
  private last: { position: Vec3; time: number } | null = null;
  private light = 1;
  private clock = 0;

  constructor(
    readonly pack: TreePack,
    private readonly events: SourceEvents,
  ) {
    const { head, sky } = pack;
    this.glow = pack.glow;
    this.glowShare = this.glowWeight = pack.glow ? 1 : 0;
    this.store = new SplatStore(Math.min(ROOM * BUDGET.splats, Math.ceil(1.4 * head.stars) + 4096));
    this.root = new TreeNode(head.root, null);
    this.root.wanted = true;
    this.root.opened = 1;
    grow(this.root, head.page, 0, 0);
    this.root.fill({ stars: null, soft: null, standing: [] });
    if (sky) this.takeSky(sky);
    this.fades = new Fades(this.root, () => MOST_OVER * this.budget.splats);
    pack.problems.forEach((message) => events.onError(message));
  }

  /** How much is drawn of the tree, and how far the light of the glow still stands for it. */
  get state(): { tau: number; drawn: number; open: number; glow: number; bytes: number } {
    const { tau, glowWeight: glow } = this;
    return { tau, drawn: this.fades.drawn, open: this.cut.length, glow, bytes: this.resident?.bytes ?? 0 };
  }

  update(view: View, now: number): boolean {
    const elapsed = this.time === null ? 0 : now - this.time;
    this.observe(view.camera.position, now);
    const moving = this.choose(view, Math.min(elapsed, FADE_MS));
    const changing = this.show(view, elapsed);
    if (this.time !== null && !changing && !moving) this.full.clear();
    this.time = changing || moving ? now : null;
    if (this.time !== null) this.last = { position: view.camera.position, time: now };
    return changing || moving;
  }

  load(view: View): void {
    this.view = view;
    void this.slowFades();
    void this.fetch();
  }

  retry(): void {
    if (this.reading) this.reading.retry();
    else void this.fetch();
  }

  async settle(view: View): Promise<void> {
    this.view = view;
    this.velocity = [0, 0, 0];
    this.last = null;
    await this.slowFades();
    await this.fetch(); // what was asked for before is on its way, and no longer missing
    this.full.clear();
    // What is read may change what is wanted.
    for (let pass = 0; pass < MOST_PASSES; pass++) {
      this.judged = ""; // also where a smooth choice was made for this very view
      this.choose(view, Infinity);
      this.show(view, Infinity); // what closes makes room
      if (this.missing().length === 0) break;
      await this.fetch();
    }
    this.show(view, Infinity);
  }

  /** Reads what is missing, with code that is read first; resolves when nothing more can be asked for now. */
  private async fetch(): Promise<void> {
    this.starting ??= import("./reading.ts").then(
      ({ Reading, Resident }) => {
        this.resident = new Resident(this.store, this.keptBytes, (cell) => this.events.onCell(this.store, cell));
        this.reading = new Reading(this.pack, {
          next: () => this.missing(),
          onTile: (node, cells) => this.take(node, cells),
          onSky: (sky) => this.renew(() => this.takeSky(sky)),
          onGlow: (glow) => this.renew(() => (this.glow = glow)),
          onBytes: () => this.tellProgress(),
          onError: (message) => this.events.onError(message),
          onMended: () => this.events.onMended?.(),
        });
      },
      (reason) => {
        this.starting = null; // the next view asks for it again
        this.events.onError(messageOf(reason));
      },
    );
    await this.starting;
    await this.reading?.run();
  }

  private tellProgress(): void {
    const { here = 0, asked = 0 } = this.reading?.progress ?? {};
    this.events.onProgress(here, here > 0 || asked > 0 ? here + asked + this.lackingBytes : 0);
  }

  /** Reads the code that slows fades; where it does not come, all take as long. */
  private async slowFades(): Promise<void> {
    this.slowing ??= import("./contrast.ts").then(
      ({ Contrast }) => void (this.contrast = new Contrast(this.store)),
      (reason) => this.events.onError(messageOf(reason)),
    );
    return this.slowing;
  }

  /** Notes how the camera moves. */
  private observe(position: Vec3, now: number): void {
    const { last } = this;
    const elapsed = last ? now - last.time : 0;
    this.velocity = last && elapsed > 0 ? scale(sub(position, last.position), 1 / elapsed) : [0, 0, 0];
    this.last = { position, time: now };
  }

  /** Where the camera is after so many milliseconds. */
  private ahead(position: Vec3, times: readonly number[]): Vec3[] {
    return times.map((time) => add(position, scale(this.velocity, time)));
  }

  /** Chooses the cut for a view; true while tau has not come to where it goes. */
  private choose({ camera, height, goal }: View, elapsed: number): boolean {
    const focal = camera.focalPx(height);
    // What a flight needs before a fade is over begins to open now, and what it leaves behind closes when it is far.
    const cameras = this.ahead(camera.position, length(this.velocity) > 0 ? [0, FADE_MS / 2, FADE_MS] : [0]);
    const key = () => [...cameras, goal, focal, this.clock, ...Object.values(this.budget)].join();
    if (key() === this.judged) return false;
    this.light = this.lightAt(camera.position);
    // What will be seen where a flight ends opens while that is far away, and so is little of the picture.
    const end = goal ? { camera: goal, light: this.lightAt(goal) } : null;
    judgeAll(this.root, cameras, focal, this.light, this.budget.share, end);
    const least = smallestTau(this.root, this.budget);
    const most = TAU_PER_S ** (elapsed / 1000);
    const smooth = this.tau > 0 && elapsed !== Infinity;
    this.tau = smooth ? Math.min(Math.max(least, this.tau / most), this.tau * most) : least;
    if (costOf(cutAt(this.root, this.tau)).splats > MOST_OVER * this.budget.splats) this.tau = least;
    this.cut = want(this.root, this.tau, this.cut, smooth);
    this.clock++;
    for (const node of this.cut) if (node.parent) node.parent.used = this.clock;
    const there = this.tau === least;
    this.judged = there ? key() : "";
    return !there;
  }

  /** Brings weights on by `elapsed` ms; true while they change. */
  private show(view: View, elapsed: number): boolean {
    this.contrast?.begin(view, this.root.content, this.light);
    const share =
      this.cut.reduce((sum, node) => sum + (node.content ? 0 : Math.min(node.error, this.light)), 0) / this.light;
    const distance = length(view.camera.position);
    const near = 1 - smoothstep(GLOW_M[0], GLOW_M[1], distance);
    if (this.glow) this.glowShare = faded(this.glowShare, share > GLOW_SHARE ? 1 : 0, elapsed);
    this.glowWeight = this.glowShare * near;
    const fading = this.fades.step(elapsed, 1 - this.glowWeight, this.contrast);
    return fading || this.glowShare !== (share > GLOW_SHARE && this.glow ? 1 : 0);
  }

  private lightAt(camera: Vec3): number {
    return this.root.content ? allLight(this.root.content, this.store, camera) : 1;
  }

  /**
   * The tiles to read next: those that the cut lacks in view, and when there are none, those that a flight will lack in
   * its view, then those that the cut lacks outside of it.
   */
  private missing(): TreeNode[] {
    if (!this.view) return [];
    const { camera, width, height } = this.view;
    const here = this.lacking(this.cut);
    this.lackingBytes = [...here.keys()].reduce((sum, { spot }) => sum + (spot?.size ?? 0), 0);
    const inView = frustumOf(camera, width, height, MARGIN_PX);
    const seen = this.byValue(here, inView);
    if (seen.length > 0) return seen;
    const rest = this.byValue(here, () => true);
    if (length(this.velocity) === 0) return rest;
    const cameras = this.ahead(camera.position, [AHEAD_MS]);
    judgeAll(this.root, cameras, camera.focalPx(height), this.lightAt(cameras[0]), this.budget.share);
    const found = this.byValue(this.lacking(cutAt(this.root, this.tau)), inView);
    this.judged = ""; // the errors are those of another place
    return found.length > 0 ? found : rest;
  }

  /** The tiles that a cut lacks and that are not known to be lost, with the cells that need them. */
  private lacking(cut: readonly TreeNode[]): Map<TreeNode, TreeNode[]> {
    const tiles = new Map<TreeNode, TreeNode[]>();
    for (const node of cut) {
      // A cell without content is in its parent's tile; what is below one whose page is not here yet, in its own.
      const below = node.children.length === 0 && node.score > PAGE_SCORE * this.tau ? node : null;
      const tile = node.content ? below : node.parent;
      if (tile?.spot && tile.tile === "unread" && !this.full.has(tile))
        tiles.set(tile, [...(tiles.get(tile) ?? []), node]);
    }
    return tiles;
  }

  /** The tiles of which something is in view, those first that mend most light for a byte. */
  private byValue(tiles: Map<TreeNode, TreeNode[]>, inView: (ball: Ball) => boolean): TreeNode[] {
    const valueOf = (tile: TreeNode) => {
      const light = tiles.get(tile)?.reduce((sum, { error }) => sum + Math.min(error, this.light), 0) ?? 0;
      return light / (tile.spot?.size ?? 1);
    };
    const isSeen = ({ standing }: TreeNode) => !standing || inView(standing.ball);
    const seen = [...tiles.keys()].filter((tile) => tiles.get(tile)?.some(isSeen));
    return seen.sort((a, b) => valueOf(b) - valueOf(a));
  }

  private takeSky({ stars, soft, standing }: CellData): void {
    const [one, two] = [this.store.add("sky.bin", stars, true), this.store.add("sky.bin", soft, false)];
    this.root.fill({ stars: one, soft: two, standing });
    this.events.onCell(this.store, one);
  }

  /** Takes something more that is shown. */
  private renew(take: () => void): void {
    take();
    this.judged = "";
    if (this.view) this.choose(this.view, 0);
    this.events.onChange();
  }

  private take(node: TreeNode, cells: CellData[]): void {
    node.used = this.clock;
    this.renew(() => {
      if (this.resident?.put(node, cells)) return;
      node.tile = "unread";
      this.full.add(node);
    });
  }
}
