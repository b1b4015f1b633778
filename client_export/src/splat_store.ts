/** The splats that are at hand, as the arrays that the star pass draws from. */
import type { Ball } from "./ball.ts";
import type { Cell } from "./cell.ts";
import { SiteError } from "./errors.ts";
import { FreePlaces, type Places, merged } from "./places.ts";
import { SUN_REACH_M, isSun } from "./sun.ts";
import { type Vec3, length } from "./vec.ts";

/** In place of the number of a child: the splat is the cell's own. */
export const OWN = 8;

/** A cell and its splats `start .. start + count` in the arrays. */
export interface StoredCell {
  /** Its splats are stars, one by one: drawn as points. */
  points: boolean;
  /** The share of the light of its own splats that is shown. */
  weight: number;
  /** [8] the same of the splats that stand for each child. */
  childWeights: Float32Array | null;
  /** Metres: the largest standard deviation of a splat of it, the root of the mean of its variances; 0 of points. */
  widest: number;
  /** Around all that it draws. */
  ball: Ball;
  /** Metres; positions in the arrays are relative to it. */
  origin: Vec3;
  /** Metres of one cell unit. */
  unitM: number;
  /** The origin is the Sun: a float32 errs by a share of the splat's distance from it, not of the cell's unit. */
  fromSun: boolean;
  start: number;
  count: number;
  /** Cell units: no coordinate is beyond it, unless the origin is the Sun. */
  reach: number;
  /** [count, 3] positions at the pack's own date, cell units, of stars that may be elsewhere now. */
  home?: Float32Array;
}

/** Instance arrays with room for `capacity` splats. */
export class SplatStore {
  /** Position in cell units, and the number of the child that it stands for, or OWN. */
  readonly means: Float32Array;
  /** Covariance, cell units squared: xx, yy, zz. */
  readonly covDiagonal: Float32Array;
  /** Covariance, cell units squared: xy, xz, yz. */
  readonly covOff: Float32Array;
  /** Linear RGB times opacity. */
  readonly light: Float32Array;
  readonly cells = new Set<StoredCell>();
  count = 0;
  /** No splat lies at or beyond it. */
  end = 0;
  /** How often splats that are there have moved. */
  moves = 0;
  /** How often cells have come, gone or moved. */
  version = 0;
  private readonly places: FreePlaces;
  private changes: Places[] = [];

  constructor(capacity: number) {
    this.means = new Float32Array(4 * capacity);
    this.covDiagonal = new Float32Array(3 * capacity);
    this.covOff = new Float32Array(3 * capacity);
    this.light = new Float32Array(3 * capacity);
    this.places = new FreePlaces(capacity);
  }

  /** Adds a cell, which is shown at once. Null where there is no room. */
  tryAdd(cell: Cell, points: boolean): StoredCell | null {
    const { origin, unitM, ball, count, fromSun = false, children } = cell;
    const start = this.places.take(count);
    if (start === null) return null;
    for (let i = 0; i < count; i++) {
      const at = 4 * (start + i);
      for (let axis = 0; axis < 3; axis++) this.means[at + axis] = cell.means[3 * i + axis];
      this.means[at + 3] = children ? children[i] : OWN;
    }
    for (const name of ["covDiagonal", "covOff", "light"] as const) this[name].set(cell[name], 3 * start);
    const childWeights = children ? new Float32Array(8).fill(1) : null;
    const widest = points ? 0 : unitM * Math.sqrt(largestVariance(cell));
    const stored = { points, weight: 1, childWeights, widest, ball, origin, unitM, fromSun, start, count, reach: 1 };
    if (points && length(ball.centre) < ball.radius + SUN_REACH_M) this.hideSun(stored);
    this.cells.add(stored);
    this.version++;
    this.count += count;
    this.end = Math.max(this.end, start + count);
    if (count > 0) this.changes.push({ start, end: start + count });
    return stored;
  }

  /** Takes the light of a star that is the Sun, which `NearSplats` adds to every view. */
  private hideSun(cell: StoredCell): void {
    const { start, count } = cell;
    for (let at = start; at < start + count; at++) {
      if (isSun(this.placeOf(at, cell), 2 * Math.PI * this.luminosityOf(at, cell)))
        this.light.fill(0, 3 * at, 3 * at + 3);
    }
  }

  /** As `tryAdd`, of a cell that `what` names in errors. @throws SiteError where there is no room. */
  add(what: string, cell: Cell, points: boolean): StoredCell {
    const stored = this.tryAdd(cell, points);
    if (stored) return stored;
    throw new SiteError(`${what}: more splats than the index files announce (${this.means.length / 4})`);
  }

  remove(cell: StoredCell): void {
    if (!this.cells.delete(cell)) return;
    this.version++;
    this.places.free(cell.start, cell.count);
    this.count -= cell.count;
  }

  /** The positions of the splats of `cell`, and its ball, were written anew. */
  moved({ start, count }: StoredCell): void {
    this.changes.push({ start, end: start + count });
    this.moves++;
    this.version++;
  }

  /** Where splat `at` of `cell` is, metres. */
  placeOf(at: number, { origin, unitM }: StoredCell): Vec3 {
    return origin.map((value, axis) => value + unitM * this.means[4 * at + axis]) as unknown as Vec3;
  }

  /** The places that were written since this was last asked. */
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

/** The largest mean variance of a splat of `cell`, cell units squared. */
function largestVariance({ covDiagonal, count }: Cell): number {
  let largest = 0;
  for (let at = 0; at < 3 * count; at += 3) {
    largest = Math.max(largest, (covDiagonal[at] + covDiagonal[at + 1] + covDiagonal[at + 2]) / 3);
  }
  return largest;
}
