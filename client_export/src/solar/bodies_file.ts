/** The file `bodies.json.gz` of a site: osculating orbits around the Sun of small bodies and spacecraft, all of one epoch. */
import { SiteError } from "../errors.ts";
import { type Fields, checkVersion, fieldsOf, parseJson, textOf } from "../json_fields.ts";
import { listOf, numberOf } from "../json_values.ts";

const FORMAT = "helios-bodies";
const VERSION = 1;

/** Columns, one value a body. Angles are degrees of the ecliptic and equinox of J2000 (IAU 1976). */
export interface Orbits {
  readonly epochJdTdb: number;
  readonly designation: readonly string[];
  /** Empty where it has none. */
  readonly name: readonly string[];
  /** `asteroid`, `comet`, `dwarf planet`, `interstellar` or `spacecraft`. */
  readonly kind: readonly string[];
  readonly perihelionAu: Float64Array;
  readonly eccentricity: Float64Array;
  readonly inclinationDeg: Float64Array;
  readonly nodeDeg: Float64Array;
  readonly argumentDeg: Float64Array;
  /** Of the perihelion, days of TDB after the epoch. */
  readonly perihelionDays: Float64Array;
  /** H of the H, G system, or a comet's total magnitude M1; NaN where unknown. */
  readonly hMag: Float64Array;
  /** G, or a comet's slope in units of 2.5 log10 of its distance from the Sun; NaN where unknown. */
  readonly slope: Float64Array;
}

/** @throws SiteError where `text`, of the file `what`, is no such file. */
export function parseBodies(text: string, what: string): Orbits {
  const file = fieldsOf(parseJson(text, what), what);
  if (textOf(file, "format", what) !== FORMAT) throw new SiteError(`${what}: "format" must be "${FORMAT}"`);
  checkVersion(file, VERSION, what);
  const orbits = fieldsOf(file.orbits, `${what}: "orbits"`);
  const designation = texts(orbits, "designation", what);
  const count = designation.length;
  const sized = <T extends { length: number }>(column: T, key: string): T => {
    if (column.length !== count)
      throw new SiteError(`${what}: "${key}" has ${column.length} values, must have ${count}`);
    return column;
  };
  const column = (key: string, from = -Infinity, known = true) => sized(numbers(orbits, key, what, from, known), key);
  return {
    epochJdTdb: numberOf(file, "epoch_jd_tdb", what),
    designation,
    name: sized(texts(orbits, "name", what), "name"),
    kind: sized(texts(orbits, "kind", what), "kind"),
    perihelionAu: column("perihelion_au", Number.MIN_VALUE),
    eccentricity: column("eccentricity", 0),
    inclinationDeg: column("inclination_deg"),
    nodeDeg: column("node_deg"),
    argumentDeg: column("argument_deg"),
    perihelionDays: column("perihelion_days"),
    hMag: column("h_mag", -Infinity, false),
    slope: column("slope", -Infinity, false),
  };
}

function texts(fields: Fields, key: string, what: string): string[] {
  return listOf(fields[key], `${what}: "${key}"`).map((value, row) => {
    if (typeof value !== "string")
      throw new SiteError(`${what}: "${key}" row ${row} is ${JSON.stringify(value)}, must be text`);
    return value;
  });
}

/** Numbers of at least `from`; where they need not be `known` null is NaN. */
function numbers(fields: Fields, key: string, what: string, from: number, known: boolean): Float64Array {
  return Float64Array.from(listOf(fields[key], `${what}: "${key}"`), (value, row) => {
    if (value === null && !known) return NaN;
    if (typeof value === "number" && Number.isFinite(value) && value >= from) return value;
    const must = from === -Infinity ? "a number" : from === 0 ? "a number, 0 or above" : "a number above 0";
    throw new SiteError(`${what}: "${key}" row ${row} is ${JSON.stringify(value)}, must be ${must}`);
  });
}
