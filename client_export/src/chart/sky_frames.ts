/** The frames of the sky that grids are drawn of, as axes in the ecliptic frame that all positions have. */
import { UP, towards } from "../sky.ts";
import { type Vec3, add, cross, dot, scale, sub, unit } from "../vec.ts";

/** Unit vectors towards longitude 0 and 90 degrees and the north pole. */
export type Axes = readonly [Vec3, Vec3, Vec3];

const DEGREE = Math.PI / 180;

// The north pole of the Galaxy, ICRS, and the galactic longitude of the celestial pole: ESA SP-1200, vol. 1, 1.5.3.
const GALACTIC_POLE = towards(192.85948, 27.12825);
const LONGITUDE_OF_POLE = 122.93192 * DEGREE;

function galactic(): Axes {
  const pole = UP.equatorial;
  const towardsPole = unit(sub(pole, scale(GALACTIC_POLE, dot(pole, GALACTIC_POLE))));
  const side = cross(GALACTIC_POLE, towardsPole);
  const centre = sub(scale(towardsPole, Math.cos(LONGITUDE_OF_POLE)), scale(side, Math.sin(LONGITUDE_OF_POLE)));
  return [centre, cross(GALACTIC_POLE, centre), GALACTIC_POLE];
}

export const SKY_FRAMES = {
  equatorial: [towards(0, 0), towards(90, 0), UP.equatorial],
  ecliptic: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  galactic: galactic(),
} satisfies Record<string, Axes>;

/** The ecliptic unit vector towards longitude and latitude, degrees, of a frame. */
export function directionIn(axes: Axes, lon: number, lat: number): Vec3 {
  const [l, b] = [lon * DEGREE, lat * DEGREE];
  const level = add(scale(axes[0], Math.cos(l)), scale(axes[1], Math.sin(l)));
  return add(scale(level, Math.cos(b)), scale(axes[2], Math.sin(b)));
}

/** Longitude in [0, 360) and latitude, degrees, of an ecliptic direction in a frame. */
export function anglesIn(axes: Axes, direction: Vec3): { lon: number; lat: number } {
  const [x, y, z] = [dot(axes[0], direction), dot(axes[1], direction), dot(axes[2], direction)];
  const lon = Math.atan2(y, x) / DEGREE;
  return { lon: lon < 0 ? lon + 360 : lon, lat: Math.atan2(z, Math.hypot(x, y)) / DEGREE };
}
