/** Directions on the sky, and units of length. */
import { type Vec3, dot, unit } from "./vec.ts";

export const AU_M = 149_597_870_700; // IAU 2012 Resolution B2, exact
export const PARSEC_M = (AU_M * 648_000) / Math.PI; // IAU 2015 Resolution B2, note 4
export const LIGHT_YEAR_M = 299_792_458 * 365.25 * 86_400; // Julian year

// ICRS axes to the barycentric mean ecliptic and equinox of J2000 (IAU 2006, frame bias included): the rows are the
// ecliptic axes in ICRS. The same numbers as `ICRS_TO_ECLIPTIC` of helios/constants.py.
const ECLIPTIC_AXES: readonly [Vec3, Vec3, Vec3] = [
  [9.9999999999999412e-1, -7.0783689609715561e-8, 8.0562139776131861e-8],
  [3.2897004077419646e-8, 9.1748212991495837e-1, 3.9777699944404793e-1],
  [-1.0207044725484355e-7, -3.9777699944404304e-1, 9.1748212991495559e-1],
];

const column = (i: 0 | 1 | 2): Vec3 => [ECLIPTIC_AXES[0][i], ECLIPTIC_AXES[1][i], ECLIPTIC_AXES[2][i]];

/** What "up" may mean: the pole of the ecliptic, or the celestial pole as star charts draw it. */
export const UP = { ecliptic: [0, 0, 1] as Vec3, equatorial: column(2) };
export type UpName = keyof typeof UP;

const DEGREE = Math.PI / 180;

/** A vector along ICRS axes, along ecliptic ones. */
export const eclipticOf = (icrs: Vec3): Vec3 => [
  dot(ECLIPTIC_AXES[0], icrs),
  dot(ECLIPTIC_AXES[1], icrs),
  dot(ECLIPTIC_AXES[2], icrs),
];

/** Ecliptic unit vector towards ICRS right ascension and declination, degrees. */
export function towards(raDeg: number, decDeg: number): Vec3 {
  const [ra, dec] = [raDeg * DEGREE, decDeg * DEGREE];
  return eclipticOf([Math.cos(dec) * Math.cos(ra), Math.cos(dec) * Math.sin(ra), Math.sin(dec)]);
}

/** ICRS right ascension in [0, 360) and declination, degrees, of an ecliptic direction. */
export function raDecOf(direction: Vec3): { ra: number; dec: number } {
  const u = unit(direction);
  const [x, y, z] = [dot(column(0), u), dot(column(1), u), dot(column(2), u)];
  const ra = Math.atan2(y, x) / DEGREE;
  return { ra: ra < 0 ? ra + 360 : ra, dec: Math.atan2(z, Math.hypot(x, y)) / DEGREE };
}
