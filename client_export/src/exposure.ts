/**
 * Exposure of a fresh view. At E = 1 a star of magnitude 6.5 just reaches 8-bit visibility on a 60 degree, 1080-line
 * screen; four stops more make the naked-eye sky of a dark place.
 */
export const DEFAULT_EXPOSURE = 16;
/** Stops around the default that the slider offers. */
export const EV_RANGE = [-10, 14] as const;
export const EV_STEP = 0.25;

/**
 * The exposure E at `ev` stops above the default: what all light is multiplied by. A star of magnitude m, seen from where
 * its magnitude holds, gives the light of E x 7e-6 x 10^(-0.4 m) steradians of full brightness.
 */
export function exposureAt(ev: number): number {
  return DEFAULT_EXPOSURE * 2 ** ev;
}
