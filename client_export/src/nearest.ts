/**
 * The light nearest to the camera, which says how fast one may fly.
 *
 * Looking through every splat in every frame would cost as much as drawing them. But of a cell that was looked through from one
 * place it is known which light was its nearest, and how far away the second was, d: from m beside that place no other light
 * of it is nearer than d - m. Nor is any nearer than its ball. Only cells of which that does not tell enough are looked through.
 */
import { rowsOf } from "./cell_rows.ts";
import type { SplatStore, StoredCell } from "./splat_store.ts";
import { type Vec3, length, sub } from "./vec.ts";

/** A light beside the camera. */
export interface NearLight {
  /** Metres; of what is no star at least its standard deviation, as its stars are anywhere in it. */
  distance: number;
  /** From the camera, metres. */
  offset: Vec3;
  /** It is a star, not a splat that stands for some. */
  star: boolean;
  /** One does not come nearer, metres, where it is not as of a star. */
  stop?: number;
}

/** What is known of a cell. */
interface Known {
  /** Where the camera was when it was looked through. */
  from: Vec3;
  /** Of the light that was its nearest: where it is, and how near one can be to it, metres. */
  place: Vec3;
  least: number;
  /** Metres from there to the second. */
  second: number;
}

const far = (a: Vec3, b: Vec3): number => length(sub(a, b));

export class NearestLight {
  private known = new WeakMap<StoredCell, Known>();
  /** Of the store, when it was known. */
  private moves = 0;
  private last: StoredCell | null = null;

  constructor(private readonly store: SplatStore) {}

  /** The nearest light that is shown, as seen from `camera`, metres; null where there is none. */
  find(camera: Vec3): NearLight | null {
    if (this.moves !== this.store.moves) this.known = new WeakMap(); // stars are elsewhere
    this.moves = this.store.moves;
    let [distance, best] = [Infinity, null as StoredCell | null];
    const visit = (cell: StoredCell): void => {
      if (cell.weight === 0 || cell.count === 0) return;
      const found = this.nearestOf(cell, camera, distance);
      if (found < distance) [distance, best] = [found, cell];
    };
    // What was the nearest is likely to be it still, and rules out most others.
    if (this.last && this.store.cells.has(this.last)) visit(this.last);
    const { cells, balls } = rowsOf(this.store);
    const [x, y, z] = camera;
    for (let i = 0, at = 0; i < cells.length; i++, at += 4) {
      const away = Math.sqrt((balls[at] - x) ** 2 + (balls[at + 1] - y) ** 2 + (balls[at + 2] - z) ** 2);
      if (away - balls[at + 3] < distance && cells[i] !== this.last) visit(cells[i]);
    }
    this.last = best as StoredCell | null;
    const known = this.last && this.known.get(this.last);
    return this.last && known ? { distance, offset: sub(known.place, camera), star: this.last.points } : null;
  }

  /** How near the nearest light of `cell` is; anything not below `most` where it is not nearer than that. */
  private nearestOf(cell: StoredCell, camera: Vec3, most: number): number {
    const known = this.known.get(cell);
    if (known) {
      const near = Math.max(far(known.place, camera), known.least);
      const others = known.second - far(known.from, camera);
      if (near <= others || others >= most) return near;
    }
    return this.look(cell, camera);
  }

  private look(cell: StoredCell, camera: Vec3): number {
    const { means, covDiagonal } = this.store;
    const { origin, unitM, points, start, count } = cell;
    const [x, y, z] = camera.map((value, axis) => (value - origin[axis]) / unitM);
    let first = Infinity;
    let second = Infinity;
    let at = start;
    for (let i = start; i < start + count; i++) {
      const dx = means[4 * i] - x;
      const dy = means[4 * i + 1] - y;
      const dz = means[4 * i + 2] - z;
      let distance2 = dx * dx + dy * dy + dz * dz;
      if (!points) distance2 = Math.max(distance2, variance(covDiagonal, i));
      if (distance2 >= second) continue;
      if (distance2 < first) {
        second = first;
        first = distance2;
        at = i;
      } else {
        second = distance2;
      }
    }
    const place = [0, 1, 2].map((axis) => origin[axis] + unitM * means[4 * at + axis]) as unknown as Vec3;
    const least = points ? 0 : unitM * Math.sqrt(variance(covDiagonal, at));
    this.known.set(cell, { from: camera, place, least, second: unitM * Math.sqrt(second) });
    return Math.max(far(place, camera), least);
  }
}

/** The mean variance of splat `i`, cell units squared. */
function variance(covDiagonal: Float32Array, i: number): number {
  return (covDiagonal[3 * i] + covDiagonal[3 * i + 1] + covDiagonal[3 * i + 2]) / 3;
}
