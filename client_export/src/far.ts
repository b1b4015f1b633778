/** From where on a float32 is fine enough for the places of splats. */
import type { StoredCell } from "./splat_store.ts";
import type { Vec3 } from "./vec.ts";

/**
 * Distance below which a splat may be rebased, in cell units, or in its own largest coordinate where it has moved beyond one,
 * or of a cell whose origin is the Sun in the splat's distance from it; at it a float32 errs by about 1e-6 radians.
 */
export const NEAR_UNITS = 0.1;

/** Whether a cell, whose origin is not the Sun, is too far from `camera` for any of its splats to be near. */
export function isFar({ origin, unitM, reach }: StoredCell, camera: Vec3): boolean {
  const most = (1 + NEAR_UNITS) * reach * unitM;
  return (
    Math.abs(camera[0] - origin[0]) > most ||
    Math.abs(camera[1] - origin[1]) > most ||
    Math.abs(camera[2] - origin[2]) > most
  );
}
