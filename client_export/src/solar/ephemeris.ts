/** Where the Sun, the planets and the Moon are: `ephemeris.bin.gz`, which FORMAT.md describes, as Python reads it. */
import { SiteError } from "../errors.ts";
import { checkVersion, fieldsOf, parseJson, textOf } from "../json_fields.ts";
import { countOf, listOf, numberOf } from "../json_values.ts";
import type { Vec3 } from "../vec.ts";
import { Bytes } from "../v2/bytes.ts";
import { checkCrc } from "../v2/crc32.ts";

const [MAGIC, VERSION] = ["HEPH", 1];
const CRC_FROM = 8;
/** Weights of predictors are whole numbers of 2^-12. */
const WEIGHT = 4096;

export const BODIES = [
  ...(["Sun", "Mercury", "Venus", "Earth", "Moon", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune"] as const),
  "Pluto",
] as const;
/** Mars and all beyond are the barycentres of the planets with their moons. */
export type Body = (typeof BODIES)[number];

interface Series {
  /** `Sun`, `Earth` or `barycentre`. */
  readonly centre: string;
  readonly days: number;
  readonly degree: number;
  readonly intervals: number;
  /** [intervals, 3, degree + 1], au. */
  readonly coefficients: Float64Array;
}

/** What is worked out of a series: `place` in au, `speed` in au per day. */
interface State {
  readonly place: Vec3;
  readonly speed: Vec3;
}

/** Geometric places, without light time, along the axes of the universe; dates are Julian dates of TDB. */
export class Ephemeris {
  constructor(
    /** The first and the last date. */
    readonly jdTdb: readonly [number, number],
    private readonly moonShare: number,
    private readonly series: ReadonlyMap<string, Series>,
  ) {}

  /** Whether there are places of that date. */
  has(jdTdb: number): boolean {
    return jdTdb >= this.jdTdb[0] && jdTdb <= this.jdTdb[1];
  }

  /** The place from the Solar System's barycentre, where universes have their origin, au. @throws RangeError unless it `has` the date. */
  barycentricAu(body: Body, jdTdb: number): Vec3 {
    return this.stateOf(body, jdTdb).place;
  }

  /** The place from the centre of the Sun, au. @throws RangeError unless it `has` the date. */
  heliocentricAu(body: Body, jdTdb: number): Vec3 {
    return plus(this.stateOf(body, jdTdb), -1, this.stateOf("Sun", jdTdb)).place;
  }

  /** The velocity against the barycentre, au per day. @throws RangeError unless it `has` the date. */
  barycentricAuPerDay(body: Body, jdTdb: number): Vec3 {
    return this.stateOf(body, jdTdb).speed;
  }

  /** The velocity against the Sun, au per day. @throws RangeError unless it `has` the date. */
  heliocentricAuPerDay(body: Body, jdTdb: number): Vec3 {
    return plus(this.stateOf(body, jdTdb), -1, this.stateOf("Sun", jdTdb)).speed;
  }

  private stateOf(body: Body, jdTdb: number): State {
    if (!this.has(jdTdb)) throw new RangeError(`JD ${jdTdb} is outside ${this.jdTdb.join(" to ")}`);
    if (body !== "Earth" && body !== "Moon") return this.ofSeries(body, jdTdb);
    const share = body === "Earth" ? -this.moonShare : 1 - this.moonShare;
    return plus(this.ofSeries("Earth-Moon", jdTdb), share, this.ofSeries("Moon", jdTdb));
  }

  private ofSeries(name: string, jdTdb: number): State {
    const series = this.series.get(name)!;
    const state = evaluate(series, jdTdb - this.jdTdb[0]);
    return series.centre === "Sun" ? plus(state, 1, this.ofSeries("Sun", jdTdb)) : state;
  }
}

function plus(one: State, factor: number, other: State): State {
  const sum = (a: Vec3, b: Vec3): Vec3 => [a[0] + factor * b[0], a[1] + factor * b[1], a[2] + factor * b[2]];
  return { place: sum(one.place, other.place), speed: sum(one.speed, other.speed) };
}

/** Clenshaw's recurrence and its derivative, `days` after the first date. */
function evaluate({ days: length, degree, intervals, coefficients }: Series, days: number): State {
  const interval = Math.min(Math.floor(days / length), intervals - 1);
  const x = (2 * (days - interval * length)) / length - 1;
  const onAxis = (axis: number): readonly [place: number, speed: number] => {
    const at = (interval * 3 + axis) * (degree + 1);
    let [one, two, slopeOne, slopeTwo] = [0, 0, 0, 0];
    for (let d = degree; d > 0; d--) {
      [slopeOne, slopeTwo] = [2 * (one + x * slopeOne) - slopeTwo, slopeOne];
      [one, two] = [2 * x * one - two + coefficients[at + d], one];
    }
    return [x * one - two + coefficients[at], ((one + x * slopeOne - slopeTwo) * 2) / length];
  };
  const [onX, onY, onZ] = [onAxis(0), onAxis(1), onAxis(2)];
  return { place: [onX[0], onY[0], onZ[0]], speed: [onX[1], onY[1], onZ[1]] };
}

/**
 * The ephemeris in a file, which gzip may have compressed: servers may, or may not, unpack it on the way.
 *
 * @throws SiteError where it is damaged or of another format or version; `what` names it.
 */
export async function readEphemeris(file: Uint8Array, what: string): Promise<Ephemeris> {
  const plain = file[0] === 0x1f && file[1] === 0x8b ? await unpacked(file, what) : file;
  const bytes = new Bytes(plain, what);
  if (String.fromCharCode(...bytes.raw(4)) !== MAGIC) bytes.fail("it is no ephemeris");
  checkCrc(plain.subarray(CRC_FROM), bytes.u32(), what);
  const header = new TextDecoder().decode(bytes.raw(bytes.u32()));
  const fields = fieldsOf(parseJson(header, what), what);
  checkVersion(fields, VERSION, what);
  const series = new Map<string, Series>();
  for (const value of listOf(fields.series, what)) {
    const entry = fieldsOf(value, what);
    const [degree, intervals] = [countOf(entry, "degree", what), countOf(entry, "intervals", what)];
    const coefficients = coefficientsOf(bytes, degree, intervals, numberOf(entry, "step", what));
    const [name, centre] = [textOf(entry, "name", what), textOf(entry, "centre", what)];
    series.set(name, { centre, days: numberOf(entry, "days", what), degree, intervals, coefficients });
  }
  bytes.finish();
  const [first, last] = listOf(fields.jd_tdb, what) as [number, number];
  return new Ephemeris([first, last], numberOf(fields, "moon_share", what), series);
}

async function unpacked(file: Uint8Array, what: string): Promise<Uint8Array> {
  const stream = new Blob([file as BlobPart]).stream().pipeThrough(new DecompressionStream("gzip"));
  try {
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new SiteError(`${what} is damaged: it does not unpack`);
  }
}

function coefficientsOf(bytes: Bytes, degree: number, intervals: number, step: number): Float64Array {
  const into = new Float64Array(intervals * 3 * (degree + 1));
  for (let d = 0; d <= degree; d++) {
    for (let axis = 0; axis < 3; axis++) {
      const row = rowOf(bytes, intervals);
      for (let i = 0; i < intervals; i++) into[(i * 3 + axis) * (degree + 1) + d] = row[i] * step;
    }
  }
  return into;
}

/** The next row of `count` whole numbers: residuals in Rice codes, and the predictions that they are of. */
function rowOf(bytes: Bytes, count: number): Float64Array {
  const [order, k] = [bytes.u8(), bytes.u8()];
  const [first, unarySize] = [bytes.u32() | 0, bytes.u16()];
  const weights = Array.from({ length: order }, () => (bytes.u16() << 16) >> 16);
  const low = new BitRow(bytes.raw(Math.ceil((count * k) / 8)));
  const unary = new BitRow(bytes.raw(unarySize));
  const row = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const folded = unary.zeros() * 2 ** k + low.field(k);
    let predicted = i > 0 ? row[i - 1] : 0;
    if (i >= order) {
      predicted = 0;
      for (let j = 0; j < order; j++) predicted += weights[j] * row[i - 1 - j];
      predicted = Math.floor((predicted + WEIGHT / 2) / WEIGHT);
    }
    row[i] = predicted + (folded % 2 ? -(folded + 1) / 2 : folded / 2);
  }
  return row.map((value) => value + first);
}

/** Bits, the least significant of each byte first. */
class BitRow {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** How many zeros come before the next one, which is passed. */
  zeros(): number {
    const from = this.at;
    while (this.at < 8 * this.bytes.length && !this.bit()) this.at++;
    return this.at++ - from;
  }

  /** The next number of so many bits. */
  field(width: number): number {
    let value = 0;
    for (let i = 0; i < width; i++, this.at++) value |= this.bit() << i;
    return value;
  }

  private bit(): number {
    return (this.bytes[this.at >> 3] >> (this.at & 7)) & 1;
  }
}
