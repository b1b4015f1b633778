/** All loaded splats as the arrays that the star pass draws from. */
import { SiteError } from "./errors.ts";
import { type Ball, ballOfBounds } from "./grid.ts";
import type { LayerName } from "./site.ts";
import { type Cell, FLOATS_PER_SPLAT } from "./v1.ts";
import type { Vec3 } from "./vec.ts";

/** What a cell's cross-fade from stars to splats goes by. */
export interface Fade {
  ball: Ball;
  /** It fades although the site has nothing in the cell's other layer. */
  alone: boolean;
}

/** One loaded cell of one layer and its splats `start .. start + count` in the arrays. */
export interface StoredCell {
  layer: LayerName;
  name: string;
  /** Its splats are stars, one by one: points, however large a pack had to store them. */
  points: boolean;
  /** Around its bounds. */
  ball: Ball;
  fade: Fade;
  /** Metres; positions in the arrays are relative to it. */
  origin: Vec3;
  /** Metres of one cell unit: the power of two that holds every splat, so that float32 positions divide exactly. */
  unitM: number;
  start: number;
  count: number;
}

/** Instance arrays with room for `capacity` splats. */
export class SplatStore {
  /** Position in cell units, and the row of the cell. */
  readonly place: Float32Array;
  /** Covariance, cell units squared: xx, yy, zz. */
  readonly covDiagonal: Float32Array;
  /** Covariance, cell units squared: xy, xz, yz. */
  readonly covOff: Float32Array;
  /** Linear RGB times opacity. */
  readonly light: Float32Array;
  readonly cells: StoredCell[] = [];
  count = 0;

  constructor(capacity: number) {
    this.place = new Float32Array(4 * capacity);
    this.covDiagonal = new Float32Array(3 * capacity);
    this.covOff = new Float32Array(3 * capacity);
    this.light = new Float32Array(3 * capacity);
  }

  /** Adds a cell, fading by its own ball unless told; its row is its index in `cells`. @throws SiteError beyond capacity. */
  add(layer: LayerName, name: string, points: boolean, cell: Cell, fade?: Fade): StoredCell {
    if (4 * (this.count + cell.count) > this.place.length) {
      throw new SiteError(`${layer}/${name}.bin: more splats than the index files announce (${this.place.length / 4})`);
    }
    const { centroid } = cell.bounds;
    const ball = ballOfBounds(cell);
    const stored: StoredCell = {
      layer,
      name,
      points,
      ball,
      fade: fade ?? { ball, alone: false },
      origin: [centroid.x, centroid.y, centroid.z],
      unitM: unitOf(cell),
      start: this.count,
      count: cell.count,
    };
    const row = this.cells.push(stored) - 1;
    for (let i = 0; i < cell.count; i++) {
      this.write(this.count + i, row, cell.splats.subarray(i * FLOATS_PER_SPLAT), stored.unitM);
    }
    this.count += cell.count;
    return stored;
  }

  /** Luminance times distance squared of splat `at` of `cell`, in units that are the same for all splats. */
  luminosityOf(at: number, cell: StoredCell): number {
    const [red, green, blue] = this.light.subarray(3 * at, 3 * at + 3);
    const [xx, yy, zz] = this.covDiagonal.subarray(3 * at, 3 * at + 3);
    const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    return luminance * ((xx + yy + zz) / 3) * cell.unitM ** 2;
  }

  private write(at: number, row: number, splat: Float32Array, unitM: number): void {
    const [px, py, pz, sx, sy, sz, qx, qy, qz, qw, red, green, blue, opacity] = splat;
    this.place.set([px / unitM, py / unitM, pz / unitM, row], 4 * at);
    this.light.set([red * opacity, green * opacity, blue * opacity], 3 * at);
    const rotation = rotationOf(qx, qy, qz, qw);
    const variances = [(sx / unitM) ** 2, (sy / unitM) ** 2, (sz / unitM) ** 2];
    const cov = (i: number, j: number) =>
      variances.reduce((sum, variance, k) => sum + rotation[3 * i + k] * variance * rotation[3 * j + k], 0);
    this.covDiagonal.set([cov(0, 0), cov(1, 1), cov(2, 2)], 3 * at);
    this.covOff.set([cov(0, 1), cov(0, 2), cov(1, 2)], 3 * at);
  }
}

function unitOf(cell: Cell): number {
  let farthest = 1;
  for (let i = 0; i < cell.count; i++) {
    for (let axis = 0; axis < 3; axis++) {
      farthest = Math.max(farthest, Math.abs(cell.splats[i * FLOATS_PER_SPLAT + axis]));
    }
  }
  return 2 ** Math.ceil(Math.log2(farthest));
}

/** Rows of the rotation matrix of a quaternion of any length but 0. */
function rotationOf(x: number, y: number, z: number, w: number): number[] {
  const s = 2 / (x * x + y * y + z * z + w * w || 1);
  return [
    1 - s * (y * y + z * z),
    s * (x * y - w * z),
    s * (x * z + w * y),
    s * (x * y + w * z),
    1 - s * (x * x + z * z),
    s * (y * z - w * x),
    s * (x * z - w * y),
    s * (y * z + w * x),
    1 - s * (x * x + y * y),
  ];
}
