/** Draws the splats that are shown and in view, additively, into targets. */
import type { Camera } from "./camera.ts";
import { frustumOf } from "./frustum.ts";
import { Program, type UniformValue } from "./gl/program.ts";
import { QUADS_PER_BLOCK, Quads } from "./gl/quads.ts";
import { DataTexture, type RenderTarget, drawInto } from "./gl/textures.ts";
import type { Discs } from "./discs.ts";
import { NearSplats } from "./near.ts";
import type { SplatStore, StoredCell } from "./splat_store.ts";
import { STAR_FRAGMENT, STAR_VERTEX, TEXELS_PER_BLOCK } from "./star_shader.ts";
import { type Vec3, length, sub } from "./vec.ts";
import { WIDE_FRAGMENT, WIDE_VERTEX } from "./wide_shader.ts";

/** A fade that lets everything through. */
const NO_FADE = [-2, -1] as const;
/** The variance of the filter of all pixels, CSS px^2. */
export const EPSILON = 0.5;
/** Cells are drawn that are less than this outside of the view, CSS px: light reaches beyond where it comes from. */
const MARGIN_PX = 24;
const FLOATS_PER_BLOCK = 4 * TEXELS_PER_BLOCK;
const FIRST_BLOCKS = 1024;

/** CSS pixels of the view and device pixels per CSS pixel. */
export interface ScreenSize {
  width: number;
  height: number;
  density: number;
}

/** What rounding may make of the width of a splat. */
const SLACK = 1.001;

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
  private readonly program: Program;
  private readonly wide: Program;
  private readonly quads: Quads;
  private shown: { store: SplatStore; far: SplatTables; near: SplatTables } | null = null;
  private readonly nearSplats = new NearSplats();

  /** `most`: no pixel of a splat is given more light. */
  constructor(
    private readonly gl: WebGL2RenderingContext,
    private readonly most: number,
  ) {
    this.program = new Program(gl, STAR_VERTEX, STAR_FRAGMENT);
    this.wide = new Program(gl, WIDE_VERTEX, WIDE_FRAGMENT);
    this.quads = new Quads(gl);
  }

  /** Draws the splats of `store` from now on. */
  show(store: SplatStore): void {
    const far = new SplatTables(this.gl, store);
    store.takeChanges();
    far.upload(0, store.end);
    this.shown = { store, far, near: new SplatTables(this.gl, this.nearSplats) };
  }

  /** Adds the light of all splats, at `exposure`, to `targets`, of which points are in the first. */
  draw(targets: readonly SplatTarget[], camera: Camera, size: ScreenSize, exposure: number): void {
    if (!this.shown) return;
    const { store, far, near } = this.shown;
    const { nearSplats } = this;
    for (const { start, end } of store.takeChanges()) far.upload(start, end);
    const inView = frustumOf(camera, size.width, size.height, MARGIN_PX);
    const focal = camera.focalPx(size.height);
    const shown = [...store.cells].filter(({ weight, ball }) => weight > 0 && inView(ball));
    far.clear();
    const last = new Map(shown.map((cell) => [cell, lastTarget(targets, cell, camera.position, focal)]));
    for (let target = targets.length - 1; target >= 0; target--) {
      for (const cell of shown) {
        if (last.get(cell) !== target) continue;
        const to = sub(cell.origin, camera.position);
        const s = 1 / (length(to) + cell.unitM);
        const frame = [to[0] * s, to[1] * s, to[2] * s, cell.unitM * s];
        const { points, start, count, fromSun } = cell;
        far.put(target, frame, cell.weight, cell.childWeights, points, start, count, fromSun);
      }
    }
    nearSplats.gather(store, camera.position);
    nearSplats.addSun(camera.position);
    this.discs?.take(nearSplats, focal);
    near.upload(0, nearSplats.count);
    near.clear();
    // The near splats' positions are unit vectors from the camera: their cell lies at the camera, one unit large.
    const here = [0, 0, 0, 1];
    near.put(targets.length - 1, here, 1, null, false, 0, nearSplats.soft, false);
    near.put(0, here, 1, null, true, nearSplats.soft, nearSplats.count - nearSplats.soft, false);

    const view = { ...camera.basis(), viewport: [size.width, size.height], focal, exposure, most: this.most };
    targets.forEach(({ target, shrink, from, to }, number) => {
      drawInto(this.gl, target, "add");
      const density = size.density / shrink;
      const uniforms = {
        ...view,
        density,
        extent: shrink === 1 ? [size.width, size.height] : [target.width / density, target.height / density],
        // Interpolating between its pixels spreads light by a sixth of their square.
        epsilon: shrink === 1 ? EPSILON : EPSILON - 1 / (6 * density ** 2),
        band: [from ** 2, to ** 2],
      };
      this.drawSplats(far, number, { ...uniforms, fade: nearSplats.fade });
      this.drawSplats(near, number, { ...uniforms, fade: NO_FADE });
    });
    this.discs?.draw(targets[0].target, { ...view, density: size.density });
  }

  private drawSplats(tables: SplatTables, target: number, view: Readonly<Record<string, UniformValue>>): void {
    const blocks = tables.blocksOf[target] ?? 0;
    if (blocks === 0) return;
    (target === 0 ? this.program : this.wide).use({ ...view, ...tables.uniforms() });
    this.quads.draw(blocks);
  }
}

/** The last of `targets`, which go from narrow splats to wide ones, that takes any splat of `cell`. */
export function lastTarget(
  targets: readonly { from: number }[],
  { widest, ball }: Pick<StoredCell, "widest" | "ball">,
  from: Vec3,
  focal: number,
): number {
  const nearest = Math.max(length(sub(ball.centre, from)) - ball.radius, 0);
  const widestPx = widest > 0 ? (SLACK * widest * focal) / nearest : 0;
  return Math.max(targets.filter(({ from }) => from <= widestPx).length - 1, 0);
}

/** The arrays of splats that the star shader reads, as `SplatStore` describes them. */
interface SplatArrays {
  means: Float32Array;
  covDiagonal: Float32Array;
  covOff: Float32Array;
  light: Float32Array;
}

/** Splats on the GPU and the blocks of them that are drawn, as the star shader reads them. */
class SplatTables {
  /** By target: how many blocks, from the first on, hold splats that may be drawn into it. */
  blocksOf: number[] = [];
  private readonly splats: Record<keyof SplatArrays, DataTexture>;
  private blocks: DataTexture;
  private blockCount = 0;
  private known = 0;

  constructor(
    private readonly gl: WebGL2RenderingContext,
    { means, covDiagonal, covOff, light }: SplatArrays,
  ) {
    this.splats = {
      means: new DataTexture(gl, means, 4),
      covDiagonal: new DataTexture(gl, covDiagonal, 3),
      covOff: new DataTexture(gl, covOff, 3),
      light: new DataTexture(gl, light, 3),
    };
    this.blocks = new DataTexture(gl, new Float32Array(FLOATS_PER_BLOCK * FIRST_BLOCKS), 4);
  }

  /** Splats `start` to `end`, the latter not included, are other than they were. */
  upload(start: number, end: number): void {
    for (const table of Object.values(this.splats)) table.upload(start, end);
  }

  /** Forgets the blocks. */
  clear(): void {
    this.blocksOf = [];
    this.blockCount = this.known = 0;
  }

  /** Adds the blocks of `count` splats from `start` on; those come first that reach the last `target`. */
  put(
    target: number,
    frame: readonly number[],
    weight: number,
    childWeights: Float32Array | null,
    points: boolean,
    start: number,
    count: number,
    fromSun: boolean,
  ): void {
    for (let at = 0; at < count; at += QUADS_PER_BLOCK) {
      let { values } = this.blocks;
      const to = FLOATS_PER_BLOCK * this.blockCount;
      if (to === values.length) {
        const larger = new Float32Array(2 * values.length);
        larger.set(values);
        this.blocks.free();
        this.blocks = new DataTexture(this.gl, (values = larger), 4);
      }
      values.set(frame, to);
      values[to + 4] = weight;
      values[to + 5] = points ? 0 : 1;
      values[to + 6] = start + at;
      values[to + 7] = Math.min(count - at, QUADS_PER_BLOCK) * (fromSun ? -1 : 1);
      if (childWeights) values.set(childWeights, to + 8);
      this.blockCount++;
    }
    for (let each = 0; each <= target; each++) this.blocksOf[each] = this.blockCount;
  }

  /** The tables by the names that they have in the shader. */
  uniforms(): Record<string, UniformValue> {
    this.blocks.upload(TEXELS_PER_BLOCK * this.known, TEXELS_PER_BLOCK * this.blockCount);
    this.known = this.blockCount;
    const textures = Object.entries(this.splats).map(([name, { texture }]) => [name, texture] as const);
    return { ...Object.fromEntries(textures), blocks: this.blocks.texture };
  }
}
