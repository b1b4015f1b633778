/** Where thirty moons are: the series of `moons.json`, which FORMAT.md describes, summed as Python sums them. */
import { fieldsOf, checkVersion, parseJson, textOf } from "../json_fields.ts";
import { listOf, numberOf } from "../json_values.ts";
import { SiteError } from "../errors.ts";
import { towards } from "../sky.ts";
import { type Vec3, add, cross, scale, sub } from "../vec.ts";
import type { Body, Ephemeris } from "./ephemeris.ts";

const VERSION = 1;
const NEWTON_STEPS = 12;

/** Amplitude, phase in radians at the epoch, radians a day. */
type Term = readonly [number, number, number];
const SERIES = ["a", "l", "z", "zeta"] as const;

export interface Moon {
  readonly name: string;
  readonly planet: Body;
  readonly radiusKm: number;
  /** By the mass of the planet with its moons. */
  readonly massShare: number;
  /** How far the place may be from the true one, seen from the planet. */
  readonly errorDeg: number;
  readonly epochJdTdb: number;
  readonly longitude: readonly number[];
  readonly series: Readonly<Record<(typeof SERIES)[number], readonly Term[]>>;
  /** Axes of the plane of reference, in those of the universe. */
  readonly axes: readonly [Vec3, Vec3, Vec3];
}

/** @throws SiteError where the text, of the file `what`, is of another form or version. */
export function readMoons(text: string, what: string): Moon[] {
  const fields = fieldsOf(parseJson(text, what), what);
  checkVersion(fields, VERSION, what);
  return listOf(fields.moons, what).map((value) => {
    const entry = fieldsOf(value, what);
    const number = (key: string) => numberOf(entry, key, what);
    const [ra, dec] = numbersOf(entry.pole_deg, 2, what);
    const [a, l, z, zeta] = SERIES.map((key) => listOf(entry[key], what).map((term) => numbersOf(term, 3, what)));
    return {
      name: textOf(entry, "name", what),
      planet: textOf(entry, "planet", what) as Body,
      radiusKm: number("radius_km"),
      massShare: number("mass_share"),
      errorDeg: number("error_deg"),
      epochJdTdb: number("epoch_jd_tdb"),
      longitude: numbersOf(entry.longitude, null, what),
      series: { a, l, z, zeta } as unknown as Moon["series"],
      axes: axesOf(ra, dec),
    };
  });
}

/** The place from the centre of the moon's planet, au, geometric, at any date. */
export function planetocentricAu({ series, longitude, epochJdTdb, axes }: Moon, jdTdb: number): Vec3 {
  const days = jdTdb - epochJdTdb;
  const mean = longitude.reduceRight((sum, factor) => sum * days + factor, 0) + sumOf(series.l, days)[1];
  const [k, h] = sumOf(series.z, days);
  const [q, p] = sumOf(series.zeta, days);
  const [a] = sumOf(series.a, days);
  const turn = 2 * Math.PI;
  const from = mean - turn * Math.floor(mean / turn);
  let f = from + k * Math.sin(from) - h * Math.cos(from);
  for (let step = 0; step < NEWTON_STEPS; step++) {
    f -= (f - k * Math.sin(f) + h * Math.cos(f) - from) / (1 - k * Math.cos(f) - h * Math.sin(f));
  }
  const [cos, sin] = [Math.cos(f), Math.sin(f)];
  const across = (h * cos - k * sin) / (1 + Math.sqrt(1 - k * k - h * h));
  const [x, y] = [a * (cos - k - h * across), a * (sin - h + k * across)];
  const alongX = x * (1 - 2 * p * p) + y * 2 * p * q;
  const alongY = x * 2 * p * q + y * (1 - 2 * q * q);
  const alongZ = (q * y - p * x) * 2 * Math.sqrt(1 - q * q - p * p);
  return add(add(scale(axes[0], alongX), scale(axes[1], alongY)), scale(axes[2], alongZ));
}

/** The place of a planet's own centre from the Solar System's barycentre, au: its moons move it about that of the ephemeris. */
export function planetCentreBarycentricAu(
  planet: Body,
  moons: readonly Moon[],
  ephemeris: Ephemeris,
  jdTdb: number,
): Vec3 {
  return moons
    .filter((moon) => moon.planet === planet && moon.massShare > 0)
    .reduce(
      (place, moon) => sub(place, scale(planetocentricAu(moon, jdTdb), moon.massShare)),
      ephemeris.barycentricAu(planet, jdTdb),
    );
}

/** The sum of A exp(i (B + C t)), its real and its imaginary part. */
function sumOf(terms: readonly Term[], days: number): readonly [number, number] {
  let [real, imaginary] = [0, 0];
  for (const [amplitude, phase, rate] of terms) {
    real += amplitude * Math.cos(phase + rate * days);
    imaginary += amplitude * Math.sin(phase + rate * days);
  }
  return [real, imaginary];
}

/** The node of the plane of reference on the equator of ICRS, what is 90 degrees on, and its pole. */
function axesOf(raDeg: number, decDeg: number): Moon["axes"] {
  const [node, pole] = [towards(raDeg + 90, 0), towards(raDeg, decDeg)];
  return [node, cross(pole, node), pole];
}

function numbersOf(value: unknown, count: number | null, what: string): number[] {
  const list = listOf(value, what);
  if (!list.every((item) => Number.isFinite(item)) || (count !== null && list.length !== count)) {
    throw new SiteError(`${what} has ${JSON.stringify(value)}, must be ${count ?? "some"} numbers`);
  }
  return list as number[];
}
