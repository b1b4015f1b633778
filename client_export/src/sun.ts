/**
 * The Sun as a star. No catalogue of stars has it, and one that does puts it where rounding leaves it, so it is drawn from
 * these numbers, whatever a pack holds, and a pack's own Sun is not.
 */
import { smoothstep } from "./numbers.ts";
import { AU_M } from "./sky.ts";
import { OMEGA_0 } from "./v2/quantities.ts";
import { type Vec3, length, sub } from "./vec.ts";

/** Apparent magnitude at 1 au; at 10 pc it is 4.81. */
const SUN_G = -26.76;
/** IAU 2015 Resolution B3, nominal solar radius. */
export const SUN_RADIUS_M = 6.957e8;
/** It is shown from here to here, metres, 100 and 200 of its radii: who stands at its place would see nothing else. */
export const SUN_SHOWN_M = [100 * SUN_RADIUS_M, 200 * SUN_RADIUS_M] as const;
/** Light times distance squared, steradians at exposure 1 times m^2. */
export const SUN_LUMINOSITY = OMEGA_0 * 10 ** (-0.4 * SUN_G) * AU_M ** 2;
/** Linear RGB of luminance 1 of a black body as hot as stars of its BP-RP, 0.82, are: `helios.color`. */
export const SUN_COLOR: Vec3 = [1.1063, 0.977, 0.9146];
/** What a catalogue has so near its origin, metres, and as luminous to a factor of six, is the Sun. */
export const SUN_REACH_M = 200 * AU_M;
const SAME_LOG = 1.8;

/** Where it is, metres, and from where to where it is shown: the solar system moves it about the middle of both. */
export const sunNow = { place: [0, 0, 0] as Vec3, shown: SUN_SHOWN_M as readonly [number, number] };

/** The Sun's light at `camera`, steradians at exposure 1. */
export function sunLight(camera: Vec3): number {
  const distance = length(sub(camera, sunNow.place));
  const shown = smoothstep(...sunNow.shown, distance);
  return shown && (shown * SUN_LUMINOSITY) / distance ** 2;
}

/** Whether a star at `place`, metres, is the Sun; `luminosity` as `SUN_LUMINOSITY`. */
export const isSun = (place: Vec3, luminosity: number): boolean =>
  length(place) < SUN_REACH_M && Math.abs(Math.log(luminosity / SUN_LUMINOSITY)) < SAME_LOG;
