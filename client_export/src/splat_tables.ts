/** The splats that are drawn, as tables that the shaders of stars read. */
import { BLOCK } from "./gl/quads.ts";
import { DataTexture } from "./gl/textures.ts";
import type { StoredCell } from "./splat_store.ts";
import { TEXELS_PER_BLOCK } from "./star_shader.ts";
import type { Vec3 } from "./vec.ts";

const FLOATS_PER_BLOCK = 4 * TEXELS_PER_BLOCK;
const FIRST_BLOCKS = 1024;

/** The arrays of splats that the shaders read, as `SplatStore` describes them. */
interface SplatArrays {
  means: Float32Array;
  covDiagonal: Float32Array;
  covOff: Float32Array;
  light: Float32Array;
}

/** What the blocks of a cell tell of it. */
type BlockCell = Pick<StoredCell, "origin" | "unitM" | "weight" | "childWeights" | "fromSun" | "start" | "count">;

/** The blocks of splats that are drawn. */
export class Blocks {
  /** By target: how many of them, from the first on, hold splats that may be drawn into it, and so many splats. */
  readonly blocks = [0, 0, 0];
  readonly splats = [0, 0, 0];
  private table: DataTexture;
  private count = 0;
  private known = 0;

  constructor(private readonly gl: WebGL2RenderingContext) {
    this.table = new DataTexture(gl, new Float32Array(FLOATS_PER_BLOCK * FIRST_BLOCKS), 4);
  }

  /** Forgets all. */
  clear(): void {
    this.blocks.fill(0);
    this.splats.fill(0);
    this.count = this.known = 0;
  }

  /** Adds the splats of a cell that is seen from `camera`; those come first that reach the last `target`. */
  put(target: number, camera: Vec3, cell: BlockCell): void {
    const { origin, unitM, weight, childWeights, fromSun, start, count } = cell;
    const [x, y, z] = [origin[0] - camera[0], origin[1] - camera[1], origin[2] - camera[2]];
    // Where the cell is and its unit, in a length in which both are moderate.
    const s = 1 / (Math.sqrt(x * x + y * y + z * z) + unitM);
    for (let at = 0; at < count; at += BLOCK) {
      let { values } = this.table;
      const to = FLOATS_PER_BLOCK * this.count++;
      if (to === values.length) {
        const larger = new Float32Array(2 * values.length);
        larger.set(values);
        this.table.free();
        this.table = new DataTexture(this.gl, (values = larger), 4);
        this.known = 0;
      }
      values[to] = x * s;
      values[to + 1] = y * s;
      values[to + 2] = z * s;
      values[to + 3] = unitM * s;
      values[to + 4] = weight;
      values[to + 6] = start + at;
      values[to + 7] = Math.min(count - at, BLOCK) * (fromSun ? -1 : 1);
      if (childWeights) values.set(childWeights, to + 8);
    }
    for (let each = 0; each <= target; each++) {
      this.blocks[each] = this.count;
      this.splats[each] += count;
    }
  }

  /** The table of them. */
  get texture(): WebGLTexture {
    this.table.upload(TEXELS_PER_BLOCK * this.known, TEXELS_PER_BLOCK * this.count);
    this.known = this.count;
    return this.table.texture;
  }
}

/** Splats on the GPU, and which of them are drawn. */
export class SplatTables {
  readonly soft: Blocks;
  readonly points: Blocks;
  private readonly tables: Record<keyof SplatArrays, DataTexture>;

  constructor(gl: WebGL2RenderingContext, { means, covDiagonal, covOff, light }: SplatArrays) {
    this.soft = new Blocks(gl);
    this.points = new Blocks(gl);
    this.tables = {
      means: new DataTexture(gl, means, 4),
      covDiagonal: new DataTexture(gl, covDiagonal, 3),
      covOff: new DataTexture(gl, covOff, 3),
      light: new DataTexture(gl, light, 3),
    };
  }

  /** Splats `start` to `end`, the latter not included, are other than they were. */
  upload(start: number, end: number): void {
    for (const table of Object.values(this.tables)) table.upload(start, end);
  }

  /** Forgets which are drawn. */
  clear(): void {
    this.soft.clear();
    this.points.clear();
  }

  /** The tables by the names that they have in the shaders. */
  get textures(): Record<string, WebGLTexture> {
    return Object.fromEntries(Object.entries(this.tables).map(([name, { texture }]) => [name, texture]));
  }
}
