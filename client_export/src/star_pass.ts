/** Draws the splats that are shown and in view, additively, into targets. */
import type { Camera } from "./camera.ts";
import type { Discs } from "./discs.ts";
import type { Extents } from "./extent.ts";
import { frustumOf } from "./frustum.ts";
import { Program, type UniformValue } from "./gl/program.ts";
import { Quads } from "./gl/quads.ts";
import { type RenderTarget, drawInto } from "./gl/textures.ts";
import { NearSplats } from "./near.ts";
import { lastTarget, wholeOf } from "./seen.ts";
import type { SplatStore, StoredCell } from "./splat_store.ts";
import { SplatTables } from "./splat_tables.ts";
import { POINT_VERTEX, STAR_FRAGMENT, STAR_VERTEX } from "./star_shader.ts";
import { WIDE_FRAGMENT, WIDE_VERTEX } from "./wide_shader.ts";

/** A fade that lets everything through. */
const NO_FADE = [-2, -1] as const;
/** The variance of the filter of all pixels, CSS px^2. */
export const EPSILON = 0.5;
/** Cells are drawn that are less than this outside of the view, CSS px: light reaches beyond where it comes from. */
const MARGIN_PX = 24;
/** The near splats' positions are unit vectors from the camera: their cell lies at the camera, one unit large. */
const NEAR = { unitM: 1, weight: 1, childWeights: null, fromSun: false };

/** CSS pixels of the view and device pixels per CSS pixel. */
export interface ScreenSize {
  width: number;
  height: number;
  density: number;
}

/** A picture that splats are drawn into whose standard deviations, CSS px, are from `from` to below `to`. */
export interface SplatTarget {
  target: RenderTarget;
  /** Its pixels are so many pixels of the screen wide. */
  shrink: number;
  from: number;
  to: number;
}

export class StarPass {
  /** Draws near stars; without, all are points. */
  discs: Discs | null = null;
  private readonly points: Program;
  private readonly program: Program;
  private readonly wide: Program;
  private readonly quads: Quads;
  /** What is drawn, as the last frame did it. */
  shown: { store: SplatStore; far: SplatTables; near: SplatTables } | null = null;
  private readonly nearSplats = new NearSplats();

  /** `most`: no pixel of a splat is given more light. */
  constructor(
    private readonly gl: WebGL2RenderingContext,
    private readonly most: number,
  ) {
    this.points = new Program(gl, POINT_VERTEX, STAR_FRAGMENT);
    this.program = new Program(gl, STAR_VERTEX, STAR_FRAGMENT);
    this.wide = new Program(gl, WIDE_VERTEX, WIDE_FRAGMENT);
    this.quads = new Quads(gl);
  }

  /** Whether the last frame gave any splat to a target but the first. */
  get isWide(): boolean {
    const { far, near } = this.shown ?? {};
    return !!(far?.soft.blocks[1] || near?.soft.blocks[1]);
  }

  /** Draws the splats of `store` from now on. */
  show(store: SplatStore): void {
    const far = new SplatTables(this.gl, store);
    store.takeChanges();
    far.upload(0, store.end);
    this.shown = { store, far, near: new SplatTables(this.gl, this.nearSplats) };
  }

  /**
   * Adds the light of all splats, at `exposure`, to `targets`, of which points are in the first. `extents` know better than balls
   * where cells are; without, more is drawn that is not seen.
   */
  draw(
    targets: readonly SplatTarget[],
    camera: Camera,
    size: ScreenSize,
    exposure: number,
    extents: Extents | null = null,
  ): void {
    if (!this.shown) return;
    const { store, far, near } = this.shown;
    const { nearSplats } = this;
    const { position } = camera;
    const changes = store.takeChanges();
    for (const { start, end } of changes) far.upload(start, end);
    extents?.forget(store.cells, changes);
    const inView = frustumOf(camera, size.width, size.height, MARGIN_PX);
    const focal = camera.focalPx(size.height);
    far.clear();
    const soft = targets.map((): StoredCell[] => []);
    const cells = extents?.inView(store, inView) ?? [...store.cells].filter(({ ball }) => inView(ball));
    for (const cell of cells) {
      if (cell.weight === 0) continue;
      if (cell.points) {
        if (extents?.isSeen(inView, store, cell) ?? true) far.points.put(0, position, cell);
        continue;
      }
      const parts = extents ? extents.seen(inView, store, cell, position) : [wholeOf(cell, position)];
      if (parts.length > 0) soft[Math.max(...parts.map((part) => lastTarget(targets, part, focal)))].push(cell);
    }
    for (let last = targets.length - 1; last >= 0; last--)
      for (const cell of soft[last]) far.soft.put(last, position, cell);
    nearSplats.gather(store, position, extents);
    nearSplats.addSun(position);
    this.discs?.take(nearSplats, focal);
    near.upload(0, nearSplats.count);
    near.clear();
    const here = { ...NEAR, origin: position };
    near.soft.put(targets.length - 1, position, { ...here, start: 0, count: nearSplats.soft });
    near.points.put(0, position, { ...here, start: nearSplats.soft, count: nearSplats.count - nearSplats.soft });

    const view = { ...camera.basis(), viewport: [size.width, size.height], focal, exposure, most: this.most };
    targets.forEach(({ target, shrink, from, to }, number) => {
      drawInto(this.gl, target, "add");
      const density = size.density / shrink;
      const uniforms = {
        ...view,
        density,
        extent: [target.width / density, target.height / density],
        // Interpolating between its pixels spreads light by a sixth of their square.
        epsilon: shrink === 1 ? EPSILON : EPSILON - 1 / (6 * density ** 2),
        band: [from ** 2, to ** 2],
      };
      for (const [tables, fade] of [[far, nearSplats.fade] as const, [near, NO_FADE] as const]) {
        this.drawSplats(tables, number, target, { ...uniforms, ...tables.textures, fade });
      }
    });
    this.discs?.draw(targets[0].target, { ...view, density: size.density });
  }

  private drawSplats(
    { soft, points }: SplatTables,
    number: number,
    target: RenderTarget,
    view: Readonly<Record<string, UniformValue>>,
  ): void {
    const program = number === 0 ? this.program : this.wide;
    this.quads.draw(soft.blocks[number], (first) => program.use({ ...view, blocks: soft.texture, first }));
    if (points.blocks[number] === 0) return;
    this.points.use({ ...view, blocks: points.texture });
    this.quads.drawPoints(points.blocks[number], target);
  }
}
