/**
 * The splats nearest to the camera, positioned anew in float64 every frame.
 *
 * Relative to its cell a position is a float32: fine from afar, but seen from a thousandth of the cell's size its last
 * bit is a pixel and more. Here the difference to the camera is taken in float64, from the same numbers, so nothing
 * shakes while the camera moves. Both passes draw a splat where they overlap, their weights adding up to one.
 */
import type { Extents } from "./extent.ts";
import { NEAR_UNITS, isFar } from "./far.ts";
import { smoothstep } from "./numbers.ts";
import { OWN, type SplatStore, type StoredCell } from "./splat_store.ts";
import { SUN_COLOR, sunLight, sunNow } from "./sun.ts";
import { type Vec3, length, sub } from "./vec.ts";

export const NEAR_CAPACITY = 4096;
/** For these, and the Sun. */
const ROOM = NEAR_CAPACITY + 1;
/** The near pass takes over between this share of the limit and the limit. */
const OVERLAP_START = 0.8;
/** In place of the number of a child: it stands for stars, and its light has its share already. */
const STANDS = 9;
/** A splat's size over its distance is held below this, where its light is beyond every screen anyway. */
const MAX_ANGULAR_SIZE = 1e5;

/** A splat that may be rebased: its weight, its distance in cell units, and that in the units of NEAR_UNITS. */
interface Near {
  cell: StoredCell;
  at: number;
  weight: number;
  distance: number;
  measure: number;
}

/** What the near pass draws: as the arrays of `SplatStore`, with positions as unit vectors from the camera. */
export class NearSplats {
  readonly means = new Float32Array(4 * ROOM);
  readonly covDiagonal = new Float32Array(3 * ROOM);
  readonly covOff = new Float32Array(3 * ROOM);
  readonly light = new Float32Array(3 * ROOM);
  count = 0;
  /** How many of them, those that come first, are no points. */
  soft = 0;
  /** As NEAR_UNITS: below `fade[0]` only the near pass draws a splat, beyond `fade[1]` only the far pass. */
  fade: readonly [number, number] = [OVERLAP_START * NEAR_UNITS, NEAR_UNITS];

  /** Gathers the splats around `camera` that are shown. Costs a pass over the cells that the camera is in or beside. */
  gather(store: SplatStore, camera: Vec3, extents: Extents | null = null): void {
    let found: Near[] = [];
    for (const cell of extents?.beside(store, camera) ?? store.cells) {
      if (cell.weight > 0 && (cell.fromSun || !isFar(cell, camera))) collect(cell, store.means, camera, found);
    }
    let limit = NEAR_UNITS;
    if (found.length > NEAR_CAPACITY) {
      found.sort((a, b) => a.measure - b.measure);
      limit = found[NEAR_CAPACITY].measure;
      found.length = NEAR_CAPACITY;
    }
    this.fade = [OVERLAP_START * limit, limit];
    const isSoft = ({ cell }: Near) => !cell.points;
    found = [...found.filter(isSoft), ...found.filter(({ cell }) => cell.points)];
    this.count = this.soft = 0;
    for (const near of found) {
      const share = near.weight * (1 - smoothstep(this.fade[0], this.fade[1], near.measure));
      if (near.distance === 0 || share === 0) continue;
      this.write(store, near, share, camera);
      if (isSoft(near)) this.soft = this.count;
    }
  }

  /** Adds the Sun to what was gathered. */
  addSun(camera: Vec3): void {
    const light = sunLight(camera);
    if (light === 0) return;
    const to = this.count++;
    const off = sub(sunNow.place, camera);
    for (let axis = 0; axis < 3; axis++) {
      this.means[4 * to + axis] = off[axis] / length(off);
      this.light[3 * to + axis] = SUN_COLOR[axis];
      this.covDiagonal[3 * to + axis] = light / (2 * Math.PI);
      this.covOff[3 * to + axis] = 0;
    }
    this.means[4 * to + 3] = OWN;
  }

  private write(store: SplatStore, { cell, at, distance }: Near, share: number, camera: Vec3): void {
    const to = this.count++;
    for (let axis = 0; axis < 3; axis++) {
      const offset = store.means[4 * at + axis] + (cell.origin[axis] - camera[axis]) / cell.unitM;
      this.means[4 * to + axis] = offset / distance;
      this.light[3 * to + axis] = store.light[3 * at + axis] * share;
    }
    this.means[4 * to + 3] = store.means[4 * at + 3] < OWN ? STANDS : OWN;
    const [xx, yy, zz] = store.covDiagonal.subarray(3 * at, 3 * at + 3);
    const shrink = 1 / Math.max(distance ** 2, (xx + yy + zz) / MAX_ANGULAR_SIZE ** 2);
    for (let k = 0; k < 3; k++) {
      this.covDiagonal[3 * to + k] = store.covDiagonal[3 * at + k] * shrink;
      this.covOff[3 * to + k] = store.covOff[3 * at + k] * shrink;
    }
  }
}

function collect(cell: StoredCell, means: Float32Array, camera: Vec3, found: Near[]): void {
  const { weight, childWeights, fromSun, origin, unitM, start, count } = cell;
  const x = (camera[0] - origin[0]) / unitM;
  const y = (camera[1] - origin[1]) / unitM;
  const z = (camera[2] - origin[2]) / unitM;
  for (let at = start; at < start + count; at++) {
    const [mx, my, mz, child] = [means[4 * at], means[4 * at + 1], means[4 * at + 2], means[4 * at + 3]];
    const [dx, dy, dz] = [mx - x, my - y, mz - z];
    const distance2 = dx * dx + dy * dy + dz * dz;
    const scale2 = fromSun ? mx * mx + my * my + mz * mz : Math.max(1, mx * mx, my * my, mz * mz);
    if (distance2 >= NEAR_UNITS ** 2 * scale2) continue;
    const shown = childWeights && child < OWN ? childWeights[child] : weight;
    const distance = Math.sqrt(distance2);
    if (shown > 0) found.push({ cell, at, weight: shown, distance, measure: distance / Math.sqrt(scale2) });
  }
}
