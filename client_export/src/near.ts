/**
 * The splats nearest to the camera, positioned anew in float64 every frame.
 *
 * Relative to its cell a position is a float32: fine from afar, but seen from a thousandth of the cell's size its last
 * bit is a pixel and more. Here the difference to the camera is taken in float64, from the same numbers, so nothing
 * shakes while the camera moves. Both passes draw a splat where they overlap, their weights adding up to one.
 */
import { clamp } from "./numbers.ts";
import type { SplatStore, StoredCell } from "./splat_store.ts";
import type { Vec3 } from "./vec.ts";

export const NEAR_CAPACITY = 4096;
/** Distance in cell units below which a splat may be rebased; at it a float32 errs by about 1e-6 radians. */
const NEAR_UNITS = 0.1;
/** The near pass takes over between this share of the limit and the limit. */
const OVERLAP_START = 0.8;
/** A splat's size over its distance is held below this, where its light is beyond every screen anyway. */
const MAX_ANGULAR_SIZE = 1e5;

/** A splat, its place in the store, and how far from the camera it is, cell units. */
interface Found {
  at: number;
  cell: StoredCell;
  distance: number;
}

/** What the near pass draws: as the arrays of `SplatStore`, with positions as unit vectors from the camera. */
export class NearSplats {
  readonly means = new Float32Array(4 * NEAR_CAPACITY);
  readonly covDiagonal = new Float32Array(3 * NEAR_CAPACITY);
  readonly covOff = new Float32Array(3 * NEAR_CAPACITY);
  readonly light = new Float32Array(3 * NEAR_CAPACITY);
  count = 0;
  /** Cell units: below `fade[0]` only the near pass draws a splat, beyond `fade[1]` only the far pass. */
  fade: readonly [number, number] = [OVERLAP_START * NEAR_UNITS, NEAR_UNITS];

  /**
   * Gathers the splats around `camera` of cells with a positive weight. Rows 0 and 1 of `means` stand for splats and
   * for points. Costs a pass over the cells that the camera is in or beside.
   */
  gather(store: SplatStore, weights: Float32Array, camera: Vec3): void {
    const found: Found[] = [];
    for (const cell of store.cells) if (weights[cell.row] > 0) collect(cell, store.means, camera, found);
    let limit = NEAR_UNITS;
    if (found.length > NEAR_CAPACITY) {
      found.sort((a, b) => a.distance - b.distance);
      limit = found[NEAR_CAPACITY].distance;
      found.length = NEAR_CAPACITY;
    }
    this.fade = [OVERLAP_START * limit, limit];
    this.count = 0;
    for (const { at, cell, distance } of found) {
      const share = weights[cell.row] * (1 - smoothstep(this.fade[0], this.fade[1], distance));
      if (distance > 0 && share > 0) this.write(store, at, cell, distance, share, camera);
    }
  }

  private write(store: SplatStore, at: number, cell: StoredCell, distance: number, share: number, camera: Vec3): void {
    const to = this.count++;
    for (let axis = 0; axis < 3; axis++) {
      const offset = store.means[4 * at + axis] + (cell.origin[axis] - camera[axis]) / cell.unitM;
      this.means[4 * to + axis] = offset / distance;
      this.light[3 * to + axis] = store.light[3 * at + axis] * share;
    }
    this.means[4 * to + 3] = cell.points ? 1 : 0;
    const [xx, yy, zz] = store.covDiagonal.subarray(3 * at, 3 * at + 3);
    const shrink = 1 / Math.max(distance ** 2, (xx + yy + zz) / MAX_ANGULAR_SIZE ** 2);
    for (let k = 0; k < 3; k++) {
      this.covDiagonal[3 * to + k] = store.covDiagonal[3 * at + k] * shrink;
      this.covOff[3 * to + k] = store.covOff[3 * at + k] * shrink;
    }
  }
}

function collect(cell: StoredCell, means: Float32Array, camera: Vec3, found: Found[]): void {
  const [x, y, z] = camera.map((value, axis) => (value - cell.origin[axis]) / cell.unitM);
  const reach = 1 + NEAR_UNITS;
  if (Math.abs(x) > reach || Math.abs(y) > reach || Math.abs(z) > reach) return;
  for (let at = cell.start; at < cell.start + cell.count; at++) {
    const dx = means[4 * at] - x;
    const dy = means[4 * at + 1] - y;
    const dz = means[4 * at + 2] - z;
    const distance = Math.sqrt(dx * dx + dy * dy + dz * dz);
    if (distance < NEAR_UNITS) found.push({ at, cell, distance });
  }
}

function smoothstep(low: number, high: number, value: number): number {
  const t = clamp((value - low) / (high - low), [0, 1]);
  return t * t * (3 - 2 * t);
}
