/** Draws every loaded splat additively into a target. */
import type { Camera } from "./camera.ts";
import { Program, type UniformValue } from "./gl/program.ts";
import { Quads } from "./gl/quads.ts";
import { DataTexture, type RenderTarget, drawInto } from "./gl/textures.ts";
import { NearSplats } from "./near.ts";
import type { SplatStore } from "./splat_store.ts";
import { STAR_FRAGMENT, STAR_VERTEX, TEXELS_PER_CELL } from "./star_shader.ts";
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
  private readonly quads: Quads;
  private readonly far: SplatTables;
  private readonly near: SplatTables;
  private readonly nearSplats = new NearSplats();
  private readonly weights: Float32Array;

  constructor(
    private readonly gl: WebGL2RenderingContext,
    private readonly store: SplatStore,
  ) {
    this.program = new Program(gl, STAR_VERTEX, STAR_FRAGMENT);
    this.quads = new Quads(gl);
    this.weights = new Float32Array(store.maxCells);
    this.far = new SplatTables(gl, store, store.maxCells);
    this.far.upload(0, store.end);
    this.near = new SplatTables(gl, this.nearSplats, 2);
    // The near splats' positions are unit vectors from the camera: their cells lie at the camera, one unit large.
    this.near.setRow(0, [0, 0, 0], 1, 1, MAX_SPLAT_SIZE);
    this.near.setRow(1, [0, 0, 0], 1, 1, POINT_SIZE);
  }

  /** Adds the light of all splats, at `exposure`, to `target`. */
  draw(target: RenderTarget, camera: Camera, size: ScreenSize, exposure: number): void {
    for (const { start, end } of this.store.takeChanges()) this.far.upload(start, end);
    for (const cell of this.store.cells) {
      const { row } = cell;
      this.weights[row] = cell.weight(camera.position);
      const to = sub(cell.origin, camera.position);
      const s = 1 / (length(to) + cell.unitM);
      const scaled: Vec3 = [to[0] * s, to[1] * s, to[2] * s];
      this.far.setRow(row, scaled, cell.unitM * s, this.weights[row], cell.points ? POINT_SIZE : MAX_SPLAT_SIZE);
    }
    this.nearSplats.gather(this.store, this.weights, camera.position);
    this.near.upload(0, this.nearSplats.count);
    const view = {
      ...camera.basis(),
      viewport: [size.width, size.height],
      density: size.density,
      focal: camera.focalPx(size.height),
      exposure,
    };
    drawInto(this.gl, target, "add");
    this.drawSplats(this.far, this.store.end, { ...view, fade: this.nearSplats.fade });
    this.drawSplats(this.near, this.nearSplats.count, { ...view, fade: NO_FADE });
  }

  private drawSplats(tables: SplatTables, count: number, view: Readonly<Record<string, UniformValue>>): void {
    if (count === 0) return;
    this.program.use({ ...view, ...tables.uniforms(), count });
    this.quads.draw(count);
  }
}

/** The arrays of splats that the star shader reads, as `SplatStore` describes them. */
interface SplatArrays {
  means: Float32Array;
  covDiagonal: Float32Array;
  covOff: Float32Array;
  light: Float32Array;
}

/** Splats and their cells on the GPU, as the star shader reads them. */
class SplatTables {
  private readonly splats: Record<keyof SplatArrays, DataTexture>;
  private readonly cells: DataTexture;
  private rows = 0;

  constructor(gl: WebGL2RenderingContext, { means, covDiagonal, covOff, light }: SplatArrays, maxCells: number) {
    this.splats = {
      means: new DataTexture(gl, means, 4),
      covDiagonal: new DataTexture(gl, covDiagonal, 3),
      covOff: new DataTexture(gl, covOff, 3),
      light: new DataTexture(gl, light, 3),
    };
    this.cells = new DataTexture(gl, new Float32Array(4 * TEXELS_PER_CELL * maxCells), 4);
  }

  /** Splats `start` to `end`, the latter not included, are other than they were. */
  upload(start: number, end: number): void {
    for (const table of Object.values(this.splats)) table.upload(start, end);
  }

  setRow(row: number, origin: Vec3, unit: number, weight: number, maxAngularSize: number): void {
    this.cells.values.set([...origin, unit, weight, maxAngularSize], 4 * TEXELS_PER_CELL * row);
    this.rows = Math.max(this.rows, row + 1);
  }

  /** The tables by the names that they have in the shader, the cells as `setRow` left them. */
  uniforms(): Record<string, UniformValue> {
    this.cells.upload(0, TEXELS_PER_CELL * this.rows);
    const textures = Object.entries(this.splats).map(([name, { texture }]) => [name, texture] as const);
    return { ...Object.fromEntries(textures), cells: this.cells.texture };
  }
}
