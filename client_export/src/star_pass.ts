/** Draws every loaded splat additively into a target. */
import type { Camera } from "./camera.ts";
import { InstancedQuads } from "./gl/instanced_quads.ts";
import { Program, type UniformValue } from "./gl/program.ts";
import { DataTexture, type RenderTarget, drawInto } from "./gl/textures.ts";
import { NearSplats } from "./near.ts";
import type { SplatStore } from "./splat_store.ts";
import { STAR_FRAGMENT, STAR_VERTEX, TABLE_WIDTH, TEXELS_PER_CELL } from "./star_shader.ts";
import { type Vec3, length, sub } from "./vec.ts";

/** Largest standard deviation that a splat shows, radians: one that the camera is inside must not fill the screen. */
const MAX_SPLAT_SIZE = 0.1;
const POINT_SIZE = 0;
/** A fade that lets everything through. */
const NO_FADE = [-2, -1] as const;

/** CSS pixels of the view and device pixels per CSS pixel. */
export interface ScreenSize {
  width: number;
  height: number;
  density: number;
}

export class StarPass {
  private readonly program: Program;
  private readonly far: SplatBatch;
  private readonly near: SplatBatch;
  private readonly nearSplats = new NearSplats();
  private readonly weights: Float32Array;
  /** How many splats of the store the GPU has. */
  private known = 0;

  /** `maxCells`: how many cells `store` may come to hold. */
  constructor(
    private readonly gl: WebGL2RenderingContext,
    private readonly store: SplatStore,
    maxCells: number,
  ) {
    this.program = new Program(gl, STAR_VERTEX, STAR_FRAGMENT);
    this.weights = new Float32Array(maxCells);
    this.far = new SplatBatch(gl, store, maxCells);
    this.near = new SplatBatch(gl, this.nearSplats, 2);
    // The near splats' positions are unit vectors from the camera: their cells lie at the camera, one unit large.
    this.near.setRow(0, [0, 0, 0], 1, 1, MAX_SPLAT_SIZE);
    this.near.setRow(1, [0, 0, 0], 1, 1, POINT_SIZE);
  }

  /** Adds the light of all splats, at `exposure`, to `target`. */
  draw(target: RenderTarget, camera: Camera, size: ScreenSize, exposure: number): void {
    const { cells, count } = this.store;
    this.far.quads.changed(this.known, count);
    this.known = count;
    cells.forEach((cell, row) => {
      this.weights[row] = cell.weight(camera.position);
      const to = sub(cell.origin, camera.position);
      const s = 1 / (length(to) + cell.unitM);
      const scaled: Vec3 = [to[0] * s, to[1] * s, to[2] * s];
      this.far.setRow(row, scaled, cell.unitM * s, this.weights[row], cell.points ? POINT_SIZE : MAX_SPLAT_SIZE);
    });
    this.nearSplats.gather(this.store, this.weights, camera.position);
    this.near.quads.changed(0, this.nearSplats.count);
    const view = {
      ...camera.basis(),
      viewport: [size.width, size.height],
      density: size.density,
      focal: camera.focalPx(size.height),
      exposure,
    };
    drawInto(this.gl, target, "add");
    this.far.draw(this.program, { ...view, fade: this.nearSplats.fade }, count);
    this.near.draw(this.program, { ...view, fade: NO_FADE }, this.nearSplats.count);
  }
}

/** The arrays of splats that the star shader reads, as `SplatStore` describes them. */
interface SplatArrays {
  means: Float32Array;
  covDiagonal: Float32Array;
  covOff: Float32Array;
  light: Float32Array;
}

/** Splats and the table of their cells, as the star shader reads them. */
class SplatBatch {
  readonly quads: InstancedQuads;
  private readonly cells: DataTexture;
  private rows = 0;

  constructor(gl: WebGL2RenderingContext, { means, covDiagonal, covOff, light }: SplatArrays, maxCells: number) {
    this.quads = new InstancedQuads(gl, [
      { values: means, size: 4 },
      { values: covDiagonal, size: 3 },
      { values: covOff, size: 3 },
      { values: light, size: 3 },
    ]);
    this.cells = new DataTexture(gl, TABLE_WIDTH, Math.max(1, Math.ceil((TEXELS_PER_CELL * maxCells) / TABLE_WIDTH)));
  }

  setRow(row: number, origin: Vec3, unit: number, weight: number, maxAngularSize: number): void {
    this.cells.values.set([...origin, unit, weight, maxAngularSize], 4 * TEXELS_PER_CELL * row);
    this.rows = Math.max(this.rows, row + 1);
  }

  /** Draws the first `count` splats. `view`: the shader's uniforms, its cells apart. */
  draw(program: Program, view: Readonly<Record<string, UniformValue>>, count: number): void {
    if (count === 0) return;
    this.cells.upload(TEXELS_PER_CELL * this.rows);
    program.use({ ...view, cells: this.cells.texture });
    this.quads.draw(count);
  }
}
