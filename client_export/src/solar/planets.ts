/**
 * The Sun's family: how large each is, how it is turned, its colour, and how bright it is.
 *
 * Radii and poles: IAU WGCCRE 2015 (Archinal et al. 2018, CeMDA 130, 22), tables 1, 2, 4 and 5; poles of J2000 without
 * nutation. Magnitudes: Mallama & Hilton 2018 (A&C 25, 10), V at 1 au from the Sun and from the eye by the phase angle in
 * degrees; the Moon's from Allen's Astrophysical Quantities (4th ed., section 12.10, from Lane & Irvine 1973); Pluto's H is the
 * Minor Planet Center's, with Charon, its phase coefficient from Buie et al. 1997 (Icarus 125, 233). Spheres of equal light beyond the angles that are known.
 * Small bodies: H, G of Bowell et al. 1989 (Asteroids II, 524), of comets the usual m = M1 + 5 log d + 2.5 n log r.
 *
 * Colours are linear RGB of luminance 1, from B-V (Mallama et al. 2017, Icarus 282, 19) as those of stars, but Neptune, Uranus,
 * Earth and Mars, whose spectra are no stars': from their mean visible colour.
 */
import type { Vec3 } from "../vec.ts";
import type { Body } from "./ephemeris.ts";

/** What is drawn as a globe, of a light that is known. */
export interface Globe {
  readonly name: string;
  /** Equatorial, and polar over equatorial. */
  readonly radiusM: number;
  readonly flat: number;
  /** Linear RGB, of luminance 1. */
  readonly color: Vec3;
  /** Radius of the sphere in which it, rather than the Sun, holds what is near: a (m / M)^(2/5), metres. */
  readonly influenceM: number;
  /** V at 1 au from the Sun and from the eye, at a phase angle, degrees, to which it is known. */
  readonly magnitude: (phaseDeg: number) => number;
  readonly knownDeg: number;
}

export interface World extends Globe {
  readonly name: Exclude<Body, "Sun">;
  readonly kind: "planet" | "moon" | "dwarf planet";
  /** North pole, ICRS right ascension and declination, degrees. */
  readonly pole: readonly [number, number];
  /** Sidereal period, days, of its way around what it goes around. */
  readonly periodDays: number;
}

const poly =
  (...terms: number[]) =>
  (a: number) =>
    terms.reduceRight((sum, term) => sum * a + term, 0);
/** Two pieces that meet at `at` degrees. */
const split = (at: number, below: (a: number) => number, above: (a: number) => number) => (a: number) =>
  a <= at ? below(a) : above(a);
export const rgb = (r: number, g: number, b: number): Vec3 => {
  const light = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return [r / light, g / light, b / light];
};

const world = (
  name: World["name"],
  kind: World["kind"],
  km: number,
  polarKm: number,
  pole: readonly [number, number],
  color: Vec3,
  influenceM: number,
  periodDays: number,
  magnitude: (phaseDeg: number) => number,
  knownDeg: number,
): World => ({
  name,
  kind,
  radiusM: 1e3 * km,
  flat: polarKm / km,
  pole,
  color,
  influenceM,
  magnitude,
  knownDeg,
  periodDays,
});

export const WORLDS: readonly World[] = [
  world(
    "Mercury",
    "planet",
    2440.53,
    2438.26,
    [281.01, 61.41],
    rgb(1, 0.9, 0.78),
    1.12e8,
    87.97,
    poly(-0.613, 6.328e-2, -1.6336e-3, 3.3644e-5, -3.4265e-7, 1.6893e-9, -3.0334e-12),
    170,
  ),
  world(
    "Venus",
    "planet",
    6051.8,
    6051.8,
    [272.76, 67.16],
    rgb(1, 0.93, 0.78),
    6.16e8,
    224.7,
    split(163.7, poly(-4.384, -1.044e-3, 3.687e-4, -2.814e-6, 8.938e-9), poly(236.05828, -2.81914, 8.39034e-3)),
    179,
  ),
  world(
    "Earth",
    "planet",
    6378.14,
    6356.75,
    [0, 90],
    rgb(0.62, 0.78, 1),
    9.24e8,
    365.26,
    poly(-3.99, -1.06e-3, 2.054e-4),
    170,
  ),
  world(
    "Moon",
    "moon",
    1737.4,
    1737.4,
    [269.99, 66.54],
    rgb(1, 0.93, 0.84),
    6.61e7,
    27.32,
    poly(0.21, 2.6e-2, 0, 0, 4e-9),
    150,
  ),
  world(
    "Mars",
    "planet",
    3396.19,
    3376.2,
    [317.68, 52.89],
    rgb(1, 0.55, 0.3),
    5.77e8,
    686.98,
    split(50, poly(-1.601, 2.267e-2, -1.302e-4), poly(-0.367, -2.573e-2, 3.445e-4)),
    120,
  ),
  world(
    "Jupiter",
    "planet",
    71492,
    66854,
    [268.06, 64.5],
    rgb(1, 0.86, 0.7),
    4.82e10,
    4332.6,
    split(12, poly(-9.395, -3.7e-4, 6.16e-4), (a) => {
      const x = a / 180;
      return (
        -9.428 - 2.5 * Math.log10(1 - 1.507 * x - 0.363 * x ** 2 - 0.062 * x ** 3 + 2.809 * x ** 4 - 1.876 * x ** 5)
      );
    }),
    130,
  ),
  world(
    "Saturn",
    "planet",
    60268,
    54364,
    [40.59, 83.54],
    rgb(1, 0.85, 0.6),
    5.45e10,
    10759,
    split(6, poly(-8.95, -3.7e-4, 6.16e-4), poly(-8.94, 2.446e-4, 2.672e-4, -1.506e-6, 4.767e-9)),
    150,
  ),
  world(
    "Uranus",
    "planet",
    25559,
    24973,
    [257.31, -15.18],
    rgb(0.6, 0.88, 0.95),
    5.18e10,
    30688,
    poly(-7.11, 6.587e-3, 1.045e-4),
    154,
  ),
  world(
    "Neptune",
    "planet",
    24764,
    24341,
    [299.36, 43.46],
    rgb(0.4, 0.62, 1),
    8.66e10,
    60182,
    poly(-7.0, 7.944e-3, 9.617e-5),
    133,
  ),
  world(
    "Pluto",
    "dwarf planet",
    1188.3,
    1188.3,
    [132.99, -6.16],
    rgb(1, 0.85, 0.7),
    3.1e9,
    90560,
    poly(-0.45, 3.7e-2),
    2,
  ),
];

/** Phase law of a Lambert sphere, 1 at full phase. `phase` in radians. */
export const lambert = (phase: number): number => (Math.sin(phase) + (Math.PI - phase) * Math.cos(phase)) / Math.PI;

/** V of a world at `sunAu` from the Sun and `eyeAu` from the eye, at a phase angle, radians; without rings. */
export function magnitudeOf(world: Globe, sunAu: number, eyeAu: number, phase: number): number {
  const known = (world.knownDeg * Math.PI) / 180;
  const held = Math.min(phase, known);
  const beyond = phase > known ? -2.5 * Math.log10(Math.max(lambert(phase) / lambert(known), 1e-9)) : 0;
  return world.magnitude((held * 180) / Math.PI) + beyond + 5 * Math.log10(sunAu * eyeAu);
}

/** Of bodies whose colour is not known: that of sunlight. */
export const GREY: Vec3 = [1.06, 0.99, 0.93];
/** G of an asteroid of which it is not known. */
const USUAL_G = 0.15;
/** n of a comet of which it is not known: the usual for one that is active. */
const USUAL_N = 4;

/** V of a small body; NaN where `h` is. */
export function smallMagnitude(
  comet: boolean,
  h: number,
  slope: number,
  sunAu: number,
  eyeAu: number,
  phase: number,
): number {
  if (comet) return h + 5 * Math.log10(eyeAu) + 2.5 * (Number.isNaN(slope) ? USUAL_N : slope) * Math.log10(sunAu);
  const g = Number.isNaN(slope) ? USUAL_G : slope;
  const tan = Math.tan(Math.min(phase, 3.1) / 2);
  const [one, two] = [Math.exp(-3.33 * tan ** 0.63), Math.exp(-1.87 * tan ** 1.22)];
  return h + 5 * Math.log10(sunAu * eyeAu) - 2.5 * Math.log10(Math.max((1 - g) * one + g * two, 1e-12));
}

/** Metres, of an asteroid of absolute magnitude `h` and the mean albedo 0.14: Pravec & Harris 2007, Icarus 190, 250. */
export const smallRadiusM = (h: number): number =>
  Number.isNaN(h) ? 500 : (1.329e6 / Math.sqrt(0.14) / 2) * 10 ** (-h / 5);
