/** The integers of pack v2 as numbers: `FORMAT.md` has the formulas. */

/** Metres: the inner radius of the grid. */
export const R_MIN = 4.6e10;

/** Steradians that a star of magnitude 0 covers at exposure 1. */
export const OMEGA_0 = 7e-6;

export const LON_BITS = 23;
export const COL_BITS = 23;
export const RAD_BITS = 25;

/** Bits of each coordinate of a proxy below the prefix of its child. */
export const PROXY_BITS = 11;

/** The colour index of a star without a measured colour, which is white. */
export const UNKNOWN_COLOR = 127;

export const MAX_DEPTH = 20;

const LON_STEP = (2 * Math.PI) / 2 ** LON_BITS;
const COL_STEP = Math.PI / 2 ** COL_BITS;
const RAD_STEP = (64 * Math.LN2) / 2 ** RAD_BITS;

/** Writes the place of the steps `lon`, `col` and `rad`, their middles, into `place` from `at` on; gives r. Metres. */
export function placeInto(place: Float64Array, at: number, lon: number, col: number, rad: number): number {
  const longitude = (lon + 0.5) * LON_STEP - Math.PI;
  const colatitude = (col + 0.5) * COL_STEP;
  const r = R_MIN * Math.exp((rad + 0.5) * RAD_STEP);
  const flat = r * Math.sin(colatitude);
  place[at] = flat * Math.cos(longitude);
  place[at + 1] = flat * Math.sin(longitude);
  place[at + 2] = r * Math.cos(colatitude);
  return r;
}

/** Apparent magnitude G, seen from the Sun. */
export const magnitudeOf = (mag: number): number => mag / 100 - 100;

/** Steradians at exposure 1, seen from the Sun. */
export const omegaOf = (mag: number): number => OMEGA_0 * 10 ** (-0.4 * magnitudeOf(mag));

/** sigma / r of a proxy's size; 0 is a point. */
export const sizeOf = (size: number): number => (size ? 2 ** ((size - 1) / 6 - 17) : 0);

/** The error that a byte of a table stands for, a share of the cell's light. */
export const errorOf = (step: number): number => (step < 255 ? 2 * 2 ** (-step / 16) : 0);

/** The extent D of a cell's table, metres; 0 where it has none. */
export const extentOf = (step: number): number => (step ? R_MIN * 2 ** ((step - 1) / 4) : 0);

/** A scale of a splat with shape, over r. */
export const scaleOf = (step: number): number => 2 ** (step / 32 - 24);
