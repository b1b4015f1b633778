/**
 * Two-body motion around the Sun on conics of every kind, in universal variables from perihelion: Battin, An Introduction to the
 * Mathematics and Methods of Astrodynamics (1999), sections 4.5 and 4.6, as `helios/solar/twobody.py` does it.
 */
import type { Orbits } from "./bodies_file.ts";

/** G times the Sun's mass, au^3 / day^2: DE440, Park et al. 2021, AJ 161, 105, table 2. */
export const GM_SUN = 2.959122082841195e-4;
/**
 * From the ecliptic of elements, 84381.448" from the ICRS equator about its x axis (IAU 1976), to the axes of the universe:
 * `ICRS_TO_ECLIPTIC` of `helios/constants.py` times that turn.
 */
const TURN = [
  [9.999999999999941e-1, -3.289698666804773e-8, 1.0207045286583112e-7],
  [3.2897004077419646e-8, 9.999999999999847e-1, -1.70562309831368e-7],
  [-1.0207044725484355e-7, 1.7056231316203707e-7, 9.999999999999803e-1],
] as const;
const DEGREE = Math.PI / 180;
/** More rounds are never needed: half of a bracket of doubles is found in fewer. */
const ROUNDS = 120;
/** Relative step of Halley's method, whose steps cube, after which the next is below the digits of a double. */
const SETTLED = 1e-6;

/** c2 and c3 of z: (1 - cos x) / x^2 and (x - sin x) / x^3 for z = x^2, and their continuation below 0. */
function stumpff(z: number): readonly [number, number] {
  if (z > 1) {
    const x = Math.sqrt(z);
    const half = Math.sin(x / 2);
    return [(2 * half * half) / z, (x - 2 * half * Math.cos(x / 2)) / (z * x)];
  }
  if (z < -1) {
    const x = Math.sqrt(-z);
    return [(Math.cosh(x) - 1) / -z, (Math.sinh(x) - x) / (-z * x)];
  }
  // The power series, nested: each divisor is the ratio of two factorials.
  let [c2, c3] = [z / 306, z / 342];
  for (let k = 16; k >= 4; k -= 2) {
    c2 = (z / (k * (k - 1))) * (1 - c2);
    c3 = (z / (k * (k + 1))) * (1 - c3);
  }
  return [(1 - c2) / 2, (1 - c3) / 6];
}

/**
 * The universal functions G1 and G2 at a time `t` after perihelion, in units of sqrt(q^3 / mu): the place is 1 - G2 towards the
 * perihelion and sqrt(1 + e) G1 across, in units of q.
 */
export function fromPerihelion(t: number, e: number): readonly [g1: number, g2: number] {
  const beta = 1 - e;
  if (beta > 0) {
    const period = (2 * Math.PI) / (beta * Math.sqrt(beta));
    t -= Math.round(t / period) * period;
  }
  const late = Math.abs(t);
  if (late === 0) return [0, 0];
  let s = guessOf(late, e);
  let [low, high] = [0, Infinity];
  for (let round = 0; round < ROUNDS; round++) {
    const [c2, c3] = stumpff(beta * s * s);
    const [g2, g3] = [s * s * c2, s * s * s * c3];
    const wrong = s + e * g3 - late;
    const r = 1 + e * g2;
    const step = wrong / (r - (wrong * e * (s - beta * g3)) / (2 * r));
    const next = s - step;
    if (wrong < 0) low = s;
    else high = s;
    if (Math.abs(step) <= SETTLED * s) {
      s = next;
      break;
    }
    s = low < next && next < high ? next : (low + Math.min(high, 4 * s)) / 2;
  }
  const [c2, c3] = stumpff(beta * s * s);
  return [Math.sign(t) * (s - beta * s * s * s * c3), s * s * c2];
}

/** Barker's equation is the whole of Kepler's for a parabola, and close to it near every perihelion. */
function guessOf(late: number, e: number): number {
  const beta = 1 - e;
  const guess = e > 1e-8 ? 2 * Math.sqrt(2 / e) * Math.sinh(Math.asinh(1.5 * late * Math.sqrt(e / 2)) / 3) : late;
  if (-beta * guess * guess <= 4) return guess;
  const root = Math.sqrt(-beta);
  const mean = late * root * -beta;
  return Math.asinh((mean + Math.asinh(mean / e)) / e) / root;
}

/** Up to this eccentricity differences of 1 and the cosine of the eccentric anomaly keep the digits that places need. */
const MOST_ROUND = 0.9;
/** A mean anomaly so far from the last one, radians, is no longer begun from where the body was. */
const FAR_ON = 0.3;
/** Newton's method settles in fewer from where it begins at the latest; from where a body was it may run away. */
const NEWTON_ROUNDS = 30;

/** The orbits of many bodies, made ready to be asked where each is. */
export class Conics {
  /** Of each body the unit vectors to its perihelion and across, axes of the universe. */
  private readonly axes: Float64Array;
  /** Of each body that keeps to an ellipse: radians a day; the mean and the eccentric anomaly that it was last found at. */
  private readonly motion: Float64Array;
  private readonly mean: Float64Array;
  private readonly eccentric: Float64Array;
  readonly count: number;

  constructor(private readonly orbits: Orbits) {
    this.count = orbits.perihelionAu.length;
    this.axes = new Float64Array(6 * this.count);
    this.mean = new Float64Array(this.count).fill(NaN);
    this.eccentric = new Float64Array(this.count);
    this.motion = orbits.perihelionAu.map((q, row) => {
      const a = q / (1 - orbits.eccentricity[row]);
      return orbits.eccentricity[row] <= MOST_ROUND ? Math.sqrt(GM_SUN / a) / a : NaN;
    });
    for (let row = 0; row < this.count; row++) {
      const angles = [orbits.inclinationDeg[row], orbits.nodeDeg[row], orbits.argumentDeg[row]];
      const [[ct, st], [cn, sn], [cw, sw]] = angles.map((deg) => [Math.cos(deg * DEGREE), Math.sin(deg * DEGREE)]);
      const p = [cw * cn - sw * sn * ct, cw * sn + sw * cn * ct, sw * st];
      const q = [-sw * cn - cw * sn * ct, -sw * sn + cw * cn * ct, cw * st];
      TURN.forEach((turn, axis) => {
        this.axes[6 * row + axis] = turn[0] * p[0] + turn[1] * p[1] + turn[2] * p[2];
        this.axes[6 * row + 3 + axis] = turn[0] * q[0] + turn[1] * q[1] + turn[2] * q[2];
      });
    }
  }

  /** Writes where body `row` is, `days` of TDB after the epoch, into `out` from `at` on: au from the Sun, axes of the universe. */
  write(row: number, days: number, out: Float64Array, at = 0): void {
    const { perihelionAu, eccentricity, perihelionDays } = this.orbits;
    const q = perihelionAu[row];
    const e = eccentricity[row];
    if (e <= MOST_ROUND) {
      const a = q / (1 - e);
      const anomaly = this.eccentricAnomaly(row, (days - perihelionDays[row]) * this.motion[row], e);
      this.put(row, a * (Math.cos(anomaly) - e), a * Math.sqrt(1 - e * e) * Math.sin(anomaly), out, at);
      return;
    }
    const [g1, g2] = fromPerihelion((days - perihelionDays[row]) * (Math.sqrt(GM_SUN / q) / q), e);
    this.put(row, q * (1 - g2), q * Math.sqrt(1 + e) * g1, out, at);
  }

  /**
   * Kepler's equation by Newton's method, from where the body was a short while ago; else from `e` beyond the mean anomaly,
   * at most half a turn, from which every step only comes closer.
   */
  private eccentricAnomaly(row: number, mean: number, e: number): number {
    const m = mean - Math.round(mean / (2 * Math.PI)) * (2 * Math.PI);
    const far = m < 0 ? Math.max(m - e, -Math.PI) : Math.min(m + e, Math.PI);
    const on = m - this.mean[row];
    const last = this.eccentric[row];
    let found = Math.abs(on) < FAR_ON ? last + on / (1 - e * Math.cos(last)) : far;
    for (let round = 0; round < 2 * NEWTON_ROUNDS; round++) {
      const sine = e * Math.sin(found);
      const slope = 1 - e * Math.cos(found);
      const step = (found - sine - m) / slope;
      found -= step;
      // The next step is half of this one's square times the bend: below the digits of a double.
      if (Math.abs(step) < 1e-8 * slope) break;
      if (round === NEWTON_ROUNDS) found = far;
    }
    this.mean[row] = m;
    this.eccentric[row] = found;
    return found;
  }

  /** Writes how fast body `row` moves past the Sun then, au a day. */
  writeSpeed(row: number, days: number, out: Float64Array): void {
    const { perihelionAu, eccentricity, perihelionDays } = this.orbits;
    const [q, e] = [perihelionAu[row], eccentricity[row]];
    const rate = Math.sqrt(GM_SUN / q);
    const [g1, g2] = fromPerihelion((days - perihelionDays[row]) * (rate / q), e);
    const r = 1 + e * g2;
    this.put(row, (-rate * g1) / r, (rate * Math.sqrt(1 + e) * (1 - (1 - e) * g2)) / r, out, 0);
  }

  private put(row: number, x: number, y: number, out: Float64Array, at: number): void {
    const { axes } = this;
    for (let axis = 0; axis < 3; axis++) out[at + axis] = x * axes[6 * row + axis] + y * axes[6 * row + 3 + axis];
  }
}
