/** How the bodies look from a camera: how bright, how large, how lit. */
import { AU_M } from "../sky.ts";
import { SUN_LUMINOSITY } from "../sun.ts";
import { OMEGA_0 } from "../v2/quantities.ts";
import { type Vec3, dot, length, scale, sub } from "../vec.ts";
import { magnitudeOf, smallMagnitude } from "./planets.ts";
import { RINGED, ringLight } from "./ring.ts";
import type { Body } from "./body.ts";
import { planetRadiusM, sunlitShare } from "./moon_bodies.ts";
import type { SolarSystem } from "./system.ts";

export interface Sight {
  readonly body: Body;
  /** Unit vector from the camera, and metres. */
  readonly to: Vec3;
  readonly distance: number;
  /** Unit vector from the body, and metres. */
  readonly sun: Vec3;
  readonly fromSun: number;
  /** Between Sun and camera, at the body, radians. */
  readonly phase: number;
  /** Of the globe, and of its rings, steradians at exposure 1. */
  readonly globe: number;
  readonly rings: number;
  /** Magnitude V of both; NaN of what gives no light that is known. */
  readonly magnitude: number;
}

/** Light, steradians at exposure 1, of a magnitude; 0 of none. */
const lightOf = (magnitude: number): number => (Number.isNaN(magnitude) ? 0 : OMEGA_0 * 10 ** (-0.4 * magnitude));

/** How `body` looks from `camera`, metres. */
export function sightOf(system: SolarSystem, body: Body, camera: Vec3): Sight {
  const { place, world, moon, row, pole } = body;
  const off = sub(place.position, camera);
  const distance = Math.max(length(off), 1);
  const to = scale(off, 1 / distance);
  const out = sub(system.sun, place.position);
  const fromSun = Math.max(length(out), 1);
  const sun = scale(out, 1 / fromSun);
  const phase = angleBetween(sun, scale(to, -1));
  const [sunAu, eyeAu] = [fromSun / AU_M, distance / AU_M];
  const own = world
    ? magnitudeOf(world, sunAu, eyeAu, phase)
    : place.kind === "spacecraft" || !system.orbits
      ? NaN
      : smallMagnitude(place.kind === "comet", system.orbits.hMag[row], system.orbits.slope[row], sunAu, eyeAu, phase);
  const lit = moon
    ? sunlitShare(place.position, system.worldAt(moon.planet), planetRadiusM(moon.planet), system.sun)
    : 1;
  const globe = lit * lightOf(own);
  let rings = 0;
  if (world?.name === RINGED) {
    const [over, under] = [dot(sun, pole), -dot(to, pole)];
    rings =
      sheetOf(fromSun) * (place.radiusM / distance) ** 2 * ringLight(Math.abs(under), Math.abs(over), over * under > 0);
  }
  const magnitude = globe > 0 ? -2.5 * Math.log10((globe + rings) / OMEGA_0) : NaN;
  return { body, to, distance, sun, fromSun, phase, globe, rings, magnitude };
}

/** How bright a white sheet is that faces the Sun at a distance, metres, at exposure 1. */
export const sheetOf = (fromSun: number): number => SUN_LUMINOSITY / fromSun ** 2 / Math.PI;

export function angleBetween(a: Vec3, b: Vec3): number {
  const [x, y, z] = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
  return Math.atan2(Math.hypot(x, y, z), dot(a, b));
}

/** Whether the Sun's disc hides the body: it is behind it. */
export function behindSun(system: SolarSystem, sight: Sight, camera: Vec3, sunRadiusM: number): boolean {
  const off = sub(system.sun, camera);
  const distance = length(off);
  if (distance <= sunRadiusM || sight.distance < distance) return false;
  return angleBetween(sight.to, scale(off, 1 / distance)) < Math.asin(sunRadiusM / distance);
}
