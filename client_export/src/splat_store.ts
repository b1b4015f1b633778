/** All loaded splats as the arrays that the star pass draws from. */
import type { Ball } from "./ball.ts";
import type { Cell } from "./cell.ts";
import { SiteError } from "./errors.ts";
import type { Vec3 } from "./vec.ts";

/** One loaded cell of one layer and its splats `start .. start + count` in the arrays. */
export interface StoredCell {
  /** Its splats are stars, one by one: drawn as points. */
  points: boolean;
  /** The share of its light that is shown to a camera at `from`. */
  weight: (from: Vec3) => number;
  /** Around its bounds. */
  ball: Ball;
  /** Metres; positions in the arrays are relative to it. */
  origin: Vec3;
  /** Metres of one cell unit. */
  unitM: number;
  start: number;
  count: number;
}

/** Instance arrays with room for `capacity` splats. */
export class SplatStore {
  /** Position in cell units, and the row of the cell. */
  readonly means: Float32Array;
  /** Covariance, cell units squared: xx, yy, zz. */
  readonly covDiagonal: Float32Array;
  /** Covariance, cell units squared: xy, xz, yz. */
  readonly covOff: Float32Array;
  /** Linear RGB times opacity. */
  readonly light: Float32Array;
  readonly cells: StoredCell[] = [];
  count = 0;

  constructor(capacity: number) {
    this.means = new Float32Array(4 * capacity);
    this.covDiagonal = new Float32Array(3 * capacity);
    this.covOff = new Float32Array(3 * capacity);
    this.light = new Float32Array(3 * capacity);
  }

  /** Adds a cell, which `what` names in errors; its row is its index in `cells`. @throws SiteError beyond capacity. */
  add(what: string, cell: Cell, points: boolean, weight: StoredCell["weight"] = () => 1): StoredCell {
    const { origin, unitM, ball, count } = cell;
    const start = this.count;
    const capacity = this.means.length / 4;
    if (start + count > capacity) {
      throw new SiteError(`${what}: more splats than the index files announce (${capacity})`);
    }
    const stored: StoredCell = { points, weight, ball, origin, unitM, start, count };
    const row = this.cells.push(stored) - 1;
    for (let i = 0; i < count; i++) {
      const at = 4 * (start + i);
      for (let axis = 0; axis < 3; axis++) this.means[at + axis] = cell.means[3 * i + axis];
      this.means[at + 3] = row;
    }
    for (const name of ["covDiagonal", "covOff", "light"] as const) this[name].set(cell[name], 3 * start);
    this.count += count;
    return stored;
  }

  /** Luminance times distance squared of splat `at` of `cell`, in units that are the same for all splats. */
  luminosityOf(at: number, cell: StoredCell): number {
    const [red, green, blue] = this.light.subarray(3 * at, 3 * at + 3);
    const [xx, yy, zz] = this.covDiagonal.subarray(3 * at, 3 * at + 3);
    const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    return luminance * ((xx + yy + zz) / 3) * cell.unitM ** 2;
  }
}
