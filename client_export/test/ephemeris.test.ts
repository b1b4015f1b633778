/**
 * The ephemeris has the places of JPL's DE440 and, to 1e-9 au, those that Python finds in the same file (`tests/data/ephemeris`);
 * damaged files are named. So have moons the places that Python finds. Dates are told apart by leap seconds.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { SiteError } from "../src/errors.ts";
import { jdTdbOf, msOf, ttMinusUtcS } from "../src/solar/dates.ts";
import { BODIES, type Ephemeris, readEphemeris } from "../src/solar/ephemeris.ts";
import { planetCentreBarycentricAu, planetocentricAu, readMoons } from "../src/solar/moons.ts";
import type { Vec3 } from "../src/vec.ts";

const FILE = new Uint8Array(readFileSync(new URL("../../catalogs/ephemeris.bin.gz", import.meta.url)));
const [DATES, SHARED] = [200, 100];
const ephemeris = await readEphemeris(FILE, "ephemeris.bin.gz");

function numbers(name: string): Float64Array {
  const bytes = readFileSync(new URL(`../../tests/data/ephemeris/${name}`, import.meta.url));
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

const minus = (a: Vec3, b: Vec3): Vec3 => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const apart = (a: Vec3, b: Vec3): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

/** Greatest differences of places, and of velocities, from states [bodies, 2, count, 3] at the first `count` dates. */
function differences(states: Float64Array, dates: Float64Array): { place: number; speed: number } {
  const count = dates.length;
  let [place, speed] = [0, 0];
  BODIES.forEach((body, b) => {
    dates.forEach((jd, i) => {
      const expected = (kind: number): Vec3 => {
        const at = 3 * ((2 * b + kind) * count + i);
        return [states[at], states[at + 1], states[at + 2]];
      };
      place = Math.max(place, apart(ephemeris.barycentricAu(body, jd), expected(0)));
      speed = Math.max(speed, apart(ephemeris.barycentricAuPerDay(body, jd), expected(1)));
    });
  });
  return { place, speed };
}

test("places are those of DE440, velocities too", () => {
  const all = numbers("de440.f64");
  const dates = all.subarray(0, DATES);
  const { place, speed } = differences(all.subarray(DATES), dates);
  assert.ok(place < 1e-6 && speed < 5e-6, `${place} au, ${speed} au/d`);
  const states = (body: number, i: number): Vec3 => {
    const at = DATES + 3 * (2 * body * DATES + i);
    return [all[at], all[at + 1], all[at + 2]];
  };
  dates.forEach((jd, i) => {
    const [earth, moon] = [ephemeris.barycentricAu("Earth", jd), ephemeris.barycentricAu("Moon", jd)];
    const [e, m] = [states(3, i), states(4, i)];
    assert.ok(apart(minus(moon, earth), minus(m, e)) < 1e-7);
  });
});

test("Python finds the same", () => {
  const { place, speed } = differences(numbers("python.f64"), numbers("de440.f64").subarray(0, SHARED));
  assert.ok(place < 1e-9 && speed < 1e-9, `${place} au, ${speed} au/d`);
});

test("from the Sun it is less by the Sun's own way", () => {
  const jd = 2_451_545;
  const [mars, sun] = [ephemeris.barycentricAu("Mars", jd), ephemeris.barycentricAu("Sun", jd)];
  assert.ok(apart(ephemeris.heliocentricAu("Mars", jd), minus(mars, sun)) < 1e-15);
  assert.deepEqual(ephemeris.heliocentricAuPerDay("Sun", jd), [0, 0, 0]);
  assert.ok(apart(ephemeris.heliocentricAuPerDay("Earth", jd), ephemeris.barycentricAuPerDay("Earth", jd)) > 1e-6);
});

test("dates outside are refused", () => {
  const [first, last] = ephemeris.jdTdb;
  assert.ok(ephemeris.has(first) && ephemeris.has(last) && !ephemeris.has(Number.NaN));
  for (const jd of [first - 0.1, last + 0.1, Number.NaN]) {
    assert.throws(() => ephemeris.barycentricAu("Earth", jd), RangeError);
  }
});

test("a server may have unpacked the file", async () => {
  const other: Ephemeris = await readEphemeris(new Uint8Array(gunzipSync(FILE)), "e");
  assert.deepEqual(other.barycentricAu("Moon", 2_460_000.5), ephemeris.barycentricAu("Moon", 2_460_000.5));
});

test("damaged files are named", async () => {
  const plain = new Uint8Array(gunzipSync(FILE));
  const changed = (at: number) => plain.map((byte, i) => (i === at ? byte ^ 1 : byte));
  for (const [bytes, said] of [
    [FILE.subarray(0, -500), /e\.bin is damaged: it does not unpack/],
    [gzipSync(changed(60_000)), /e\.bin is damaged: its CRC-32/],
    [plain.subarray(0, -1), /e\.bin is damaged: its CRC-32/],
    [changed(0), /e\.bin is damaged: it is no ephemeris/],
    [new Uint8Array(3), /e\.bin is damaged: it ends/],
  ] as const) {
    await assert.rejects(readEphemeris(new Uint8Array(bytes), "e.bin"), (reason) => {
      return reason instanceof SiteError && said.test(reason.message);
    });
  }
});

test("moons are where Python has them", () => {
  const text = readFileSync(new URL("../../catalogs/moons.json", import.meta.url), "utf-8");
  const moons = readMoons(text, "moons.json");
  const held = readFileSync(new URL("../../tests/data/ephemeris/moon_places.json", import.meta.url), "utf-8");
  const { jd_tdb, places } = JSON.parse(held) as { jd_tdb: number[]; places: Record<string, Vec3[]> };
  assert.deepEqual(
    moons.map(({ name }) => name),
    Object.keys(places),
  );
  for (const moon of moons) {
    jd_tdb.forEach((jd, i) => assert.ok(apart(planetocentricAu(moon, jd), places[moon.name][i]) < 1e-12, moon.name));
  }
  const jd = 2_451_545;
  const pluto = planetCentreBarycentricAu("Pluto", moons, ephemeris, jd);
  const off = apart(pluto, ephemeris.barycentricAu("Pluto", jd));
  assert.ok(off > 1.4e-5 && off < 1.5e-5, `${off} au`);
  assert.deepEqual(planetCentreBarycentricAu("Venus", moons, ephemeris, jd), ephemeris.barycentricAu("Venus", jd));
  assert.throws(() => readMoons(text.replace('"pole_deg":[', '"pole_deg":[null,'), "m.json"), /m\.json has \[null/);
  assert.throws(() => readMoons(text.replace('"version": 1', '"version": 7'), "m.json"), /m\.json has version 7/);
});

test("dates count leap seconds", () => {
  for (const [moment, seconds] of [
    ["2026-11-29T20:00Z", 69.184],
    ["2017-01-01T00:00Z", 69.184],
    ["2016-12-31T23:59:59Z", 68.184],
    ["1972-01-01T00:00Z", 42.184],
    ["1900-01-01T00:00Z", -2.7],
    ["1800-01-01T00:00Z", -2.7],
  ] as const) {
    const ms = Date.parse(moment);
    assert.equal(ttMinusUtcS(ms).toFixed(3), seconds.toFixed(3), moment);
    assert.ok(Math.abs(msOf(jdTdbOf(ms)) - ms) < 0.1, moment);
  }
  // As Python's parse_date has them.
  const python = [2461374.334134063, 2434414.500351167, 2451544.5007428695] as const;
  ["2026-11-29T20:00Z", "1953-02-06T00:00Z", "2000-01-01T00:00Z"].forEach((moment, i) => {
    assert.ok(Math.abs(jdTdbOf(Date.parse(moment)) - python[i]) < 1e-9, moment);
  });
});
