/** What stops are counted from, here and in `helios/pictures/eye.py`: the exposure that a link means by `ev=0`. */
const EXPOSURE_AT_EV_0 = 16;
/** Stops that the slider offers: from sunlit bodies to clusters seen from other galaxies. */
export const EV_RANGE = [-22, 30] as const;
export const EV_STEP = 0.25;

/**
 * The exposure E at `ev` stops: what all light is multiplied by. A star of magnitude m, seen from where its magnitude
 * holds, gives the light of E x 7e-6 x 10^(-0.4 m) steradians of full brightness.
 */
export function exposureAt(ev: number): number {
  return EXPOSURE_AT_EV_0 * 2 ** ev;
}

/** The stops at which the exposure is `exposure`. */
export const stopsOf = (exposure: number): number => Math.log2(exposure / EXPOSURE_AT_EV_0);
