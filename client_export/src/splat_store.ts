/** All loaded splats as the arrays that the star pass draws from. */
import type { Ball } from "./ball.ts";
import type { Cell } from "./cell.ts";
import { SiteError } from "./errors.ts";
import { FreePlaces, type Places, merged } from "./places.ts";
import type { Vec3 } from "./vec.ts";

/** One loaded cell of one layer and its splats `start .. start + count` in the arrays. */
export interface StoredCell {
  /** By which its splats name it; less than the store's `maxCells`. */
  row: number;
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

/** Arrays with room for `capacity` splats of `maxCells` cells, which come and go. A place without light is free. */
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
  /** How many splats there are. */
  count = 0;
  /** No splat lies at this place of the arrays or beyond it. */
  end = 0;
  private readonly places: FreePlaces;
  private readonly rows: FreePlaces;
  private changes: Places[] = [];

  /** `maxCells`: as many as splats, where nothing else is said. */
  constructor(
    private readonly capacity: number,
    readonly maxCells = capacity,
  ) {
    this.means = new Float32Array(4 * capacity);
    this.covDiagonal = new Float32Array(3 * capacity);
    this.covOff = new Float32Array(3 * capacity);
    this.light = new Float32Array(3 * capacity);
    this.places = new FreePlaces(capacity);
    this.rows = new FreePlaces(maxCells);
  }

  /** Adds a cell, which `what` names in errors. @throws SiteError where it has no room. */
  add(what: string, cell: Cell, points: boolean, weight: StoredCell["weight"] = () => 1): StoredCell {
    const { origin, unitM, ball, count } = cell;
    if (this.cells.length === this.maxCells) {
      throw new SiteError(`${what}: more cells than the index files announce (${this.maxCells})`);
    }
    const start = this.places.take(count);
    if (start === null) {
      throw new SiteError(`${what}: more splats than the index files announce (${this.capacity})`);
    }
    const row = this.rows.take(1) as number;
    const stored: StoredCell = { row, points, weight, ball, origin, unitM, start, count };
    for (let i = 0; i < count; i++) {
      const at = 4 * (start + i);
      for (let axis = 0; axis < 3; axis++) this.means[at + axis] = cell.means[3 * i + axis];
      this.means[at + 3] = row;
    }
    for (const name of ["covDiagonal", "covOff", "light"] as const) this[name].set(cell[name], 3 * start);
    this.cells.push(stored);
    this.count += count;
    this.end = Math.max(this.end, start + count);
    if (count > 0) this.changes.push({ start, end: start + count });
    return stored;
  }

  /** Frees the places of a cell that `add` returned. */
  remove(cell: StoredCell): void {
    const { row, start, count } = cell;
    this.cells.splice(this.cells.indexOf(cell), 1);
    this.light.fill(0, 3 * start, 3 * (start + count));
    this.places.free(start, count);
    this.rows.free(row, 1);
    this.count -= count;
    if (count > 0) this.changes.push({ start, end: start + count });
  }

  /** The places that have changed since this was last asked. */
  takeChanges(): Places[] {
    const changes = merged(this.changes);
    this.changes = [];
    return changes;
  }

  /** Luminance times distance squared of splat `at` of `cell`, in units that are the same for all splats. */
  luminosityOf(at: number, cell: StoredCell): number {
    const [red, green, blue] = this.light.subarray(3 * at, 3 * at + 3);
    const [xx, yy, zz] = this.covDiagonal.subarray(3 * at, 3 * at + 3);
    const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    return luminance * ((xx + yy + zz) / 3) * cell.unitM ** 2;
  }
}
