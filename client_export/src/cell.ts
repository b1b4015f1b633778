/** A cell as every pack format gives it and as the renderer takes it. */
import type { Ball } from "./ball.ts";
import type { Vec3 } from "./vec.ts";

/** The decoded splats of a cell. */
export interface Cell {
  /** Float64 metres, barycentric mean ecliptic J2000: positions are relative to it. */
  origin: Vec3;
  /** Metres of one cell unit: a power of two, by which float32 divide exactly, and not below any |coordinate|. */
  unitM: number;
  /** The origin is the Sun, and coordinates have any size. */
  fromSun?: boolean;
  /** Around the cell's bounds, and all that it draws. */
  ball: Ball;
  count: number;
  /** [count, 3] positions in cell units. */
  means: Float32Array;
  /** [count, 3] covariances, cell units squared: xx, yy, zz. */
  covDiagonal: Float32Array;
  /** [count, 3] covariances, cell units squared: xy, xz, yz. */
  covOff: Float32Array;
  /** [count, 3] linear RGB times opacity tau. */
  light: Float32Array;
  /** [count] the child for which each splat stands, 8 where for none. */
  children?: Uint8Array;
}

/** The power of two, at least 1 m, that is not below `farthest`, the largest |coordinate| of a cell, metres. */
export const unitOf = (farthest: number): number => 2 ** Math.ceil(Math.log2(Math.max(farthest, 1)));

/**
 * The covariance of a splat with standard deviations `scales` along its own axes, turned by `quat` (x, y, z, w, of any
 * length but 0): xx, yy, zz, xy, xz, yz.
 */
export function covarianceOf(scales: Vec3, quat: readonly [number, number, number, number]): number[] {
  const m = rotationOf(...quat);
  const [vx, vy, vz] = [scales[0] ** 2, scales[1] ** 2, scales[2] ** 2];
  /** The product of two rows, given by where they start. */
  const cov = (i: number, j: number) => m[i] * vx * m[j] + m[i + 1] * vy * m[j + 1] + m[i + 2] * vz * m[j + 2];
  return [cov(0, 0), cov(3, 3), cov(6, 6), cov(0, 3), cov(0, 6), cov(3, 6)];
}

/** Rows of the rotation matrix of a quaternion. */
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
