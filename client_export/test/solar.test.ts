/**
 * Bodies of the solar system are where two-body motion has them, as bright as published, and give as much light as globes as
 * they do as points. Places: conics.json, by mpmath. Magnitudes: the examples of Mallama & Hilton 2018 (A&C 25, 10).
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Camera } from "../src/camera.ts";
import { AU_M } from "../src/sky.ts";
import { type Orbits, parseBodies } from "../src/solar/bodies_file.ts";
import { BodyFlight } from "../src/solar/bodies_flight.ts";
import { readEphemeris } from "../src/solar/ephemeris.ts";
import { globeSum } from "../src/solar/globe.ts";
import { anomaliesOf, pathOf, pointOf } from "../src/solar/orbit_lines.ts";
import { WORLDS, lambert, magnitudeOf, smallMagnitude } from "../src/solar/planets.ts";
import { ringLight } from "../src/solar/ring.ts";
import { angleBetween, sheetOf, sightOf } from "../src/solar/sight.ts";
import { Smalls } from "../src/solar/smalls.ts";
import { LOST_YR, SolarSystem } from "../src/solar/system.ts";
import { Conics, GM_SUN } from "../src/solar/twobody.ts";
import { OMEGA_0 } from "../src/v2/quantities.ts";
import { type Vec3, add, length, scale, sub } from "../src/vec.ts";

const DEGREE = Math.PI / 180;
const data = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url));
const rows = JSON.parse(data("tests/data/solar_view/conics.json").toString()) as number[][];
const worldOf = (name: string) => WORLDS.find((world) => world.name === name)!;

/** A file of bodies with these columns of numbers: q, e, i, node, argument, days of the perihelion. */
function fileOf(elements: number[][], change: object = {}): string {
  const column = (at: number) => elements.map((row) => row[at]);
  const orbits = {
    designation: elements.map((_, row) => String(row + 1)),
    name: elements.map((_, row) => (row === 0 ? "Ceres" : "")),
    kind: elements.map(() => "asteroid"),
    perihelion_au: column(0),
    eccentricity: column(1),
    inclination_deg: column(2),
    node_deg: column(3),
    argument_deg: column(4),
    perihelion_days: column(5),
    h_mag: elements.map((_, row) => (row === 1 ? null : 10)),
    slope: elements.map(() => null),
    ...change,
  };
  return JSON.stringify({ format: "helios-bodies", version: 1, epoch_jd_tdb: 2_461_000.5, orbits });
}
const orbitsOf = (elements: number[][]): Orbits => parseBodies(fileOf(elements), "bodies.json.gz");

test("two-body motion is that of mpmath on every kind of conic, and a path goes through the body", () => {
  const conics = new Conics(orbitsOf(rows));
  let worst = 0;
  rows.forEach(([q, e, , , , , days, ...place], row) => {
    const found = new Float64Array(3);
    conics.write(row, days, found);
    const off = Math.hypot(...place.map((value, axis) => value - found[axis]));
    worst = Math.max(worst, off / Math.max(1, Math.hypot(...place)));
    const speed = new Float64Array(3);
    conics.writeSpeed(row, days, speed);
    const path = pathOf([...found] as unknown as Vec3, [...speed] as unknown as Vec3, [0, 0, 0], GM_SUN);
    assert.ok(Math.abs(path.eccentricity - e) < 1e-7, `row ${row}: e ${path.eccentricity}, not ${e}`);
    assert.ok(Math.abs(path.latusM / (1 + path.eccentricity) / AU_M / q - 1) < 1e-7, `row ${row}`);
    const apart = length(sub(scale(pointOf(path, path.anomaly), 1 / AU_M), [...found] as unknown as Vec3));
    assert.ok(apart < 1e-9 * Math.hypot(...found), `row ${row}: the line is ${apart} au beside the body`);
    if (e < 0.9) assert.deepEqual(anomaliesOf(path)[0], [path.anomaly, 0]);
  });
  assert.ok(worst < 1e-11, `${worst} au`);
});

test("a body is where it is on whatever way the clock came to the date", () => {
  const some = rows.filter(([, e]) => e < 1);
  const going = new Conics(orbitsOf(some));
  const found = new Float64Array(3);
  const fresh = new Float64Array(3);
  let days = -900;
  for (const step of [0.001, 0.1, 3, -2, 40, 365, -4000, 7, 0, 30_000, 1e-6]) {
    for (let frame = 0; frame < 20; frame++) {
      days += step;
      const anew = new Conics(orbitsOf(some));
      some.forEach((_, row) => {
        going.write(row, days, found);
        anew.write(row, days, fresh);
        const off = Math.hypot(...fresh.map((value, axis) => value - found[axis]));
        assert.ok(off < 1e-13 * Math.max(1, Math.hypot(...fresh)), `row ${row}, ${days} days: ${off} au`);
      });
    }
  }
});

test("small bodies are found when they are asked for, one alone as all together", async () => {
  const ephemeris = await readEphemeris(data("catalogs/ephemeris.bin.gz"), "e");
  const [one, all] = [0, 1].map(() => new SolarSystem(ephemeris, orbitsOf(rows.slice(0, 9)), []));
  for (const jd of [2_461_000.5, 2_461_040.5, 2_461_000.5]) {
    one.move(jd);
    all.move(jd);
    const places = [...all.places];
    for (const { place, row } of [...one.smalls].reverse()) {
      const off = sub(
        scale(sub(place.position, one.sun), 1 / AU_M),
        places.slice(3 * row, 3 * row + 3) as unknown as Vec3,
      );
      assert.ok(length(off) < 1e-10, `row ${row} at ${jd}: ${off}`);
      assert.equal(place.position, place.position);
      if (jd === 2_461_040.5) assert.deepEqual(structuredClone(place).position, place.position);
    }
  }
});

test("points are as bright as their magnitudes, whichever are left out as too faint", async () => {
  const elements = Array.from({ length: 60 }, (_, i) => [2.2 + 0.01 * i, 0.1, 3, 6 * i, 0, 40 * i]);
  const change = {
    kind: elements.map((_, row) => (row % 9 === 8 ? "comet" : "asteroid")),
    h_mag: elements.map((_, row) => 2 + 0.3 * row),
    slope: elements.map((_, row) => [null, 0.15, -0.2, 0.9, 1.4][row % 5]),
  };
  const orbits = parseBodies(fileOf(elements, change), "b");
  const system = new SolarSystem(await readEphemeris(data("catalogs/ephemeris.bin.gz"), "e"), orbits, []);
  system.move(orbits.epochJdTdb);
  const camera = new Camera();
  camera.position = add(system.sun, [0, 0, 8 * AU_M]);
  camera.look([0, 0, -1]);
  const size = { width: 900, height: 900, density: 1 };
  const view = { size, focal: camera.focalPx(size.height), ...camera.basis() };
  const smalls = new Smalls(system);
  for (const [exposure, marked, least] of [
    [1, true, 0.06],
    [1e4, true, 0.06],
    [1e4, false, 0],
    [1e6, false, 0],
  ] as const) {
    const lights = system.smalls.map((body) => {
      const { globe } = sightOf(system, body, camera.position);
      return Math.max((exposure * globe * view.focal ** 2) / Math.PI, least);
    });
    const wanted = lights.filter((light) => light >= 1 / 4000);
    smalls.gather(camera, view, exposure, 1e9, marked, -1);
    assert.equal(smalls.count, wanted.length);
    wanted.forEach((light, i) => assert.ok(Math.abs(smalls.values[5 * i + 3] / (0.99 * light) - 1) < 1e-5, `${i}`));
  }
});

test("a file of bodies that is damaged is refused with the column and the row", () => {
  const whole = orbitsOf(rows);
  assert.deepEqual([whole.designation.length, whole.name[0], whole.hMag[0]], [rows.length, "Ceres", 10]);
  assert.ok(Number.isNaN(whole.hMag[1]));
  for (const [change, said] of [
    [{ perihelion_au: rows.map(() => 0) }, /"perihelion_au" row 0 is 0, must be a number above 0/],
    [{ eccentricity: rows.map((_, row) => (row === 2 ? null : 0.1)) }, /"eccentricity" row 2 is null/],
    [{ node_deg: [1] }, /"node_deg" has 1 values, must have 60/],
    [{ kind: rows.map(() => 1) }, /"kind" row 0 is 1, must be text/],
  ] as const) {
    assert.throws(() => parseBodies(fileOf(rows, change), "bodies.json.gz"), said);
  }
  assert.throws(() => parseBodies('{"format": "helios"}', "bodies.json.gz"), /"format" must be/);
});

test("magnitudes are the published ones", () => {
  for (const [name, sunAu, eyeAu, phase, magnitude, within] of [
    ["Mercury", 0.310295423552, 1.32182643625754, 1.1677, -2.477, 1e-3],
    ["Mercury", 0.413629222334, 0.92644808718613, 90.1662, 0.181, 1e-3],
    ["Venus", 0.722722540169, 1.71607489554051, 1.3232, -3.917, 1e-3],
    ["Venus", 0.721480714554, 0.37762511206278, 124.1348, -4.916, 1e-3],
    ["Venus", 0.726166592736, 0.28889582420642, 179.1845 - 0.2, -3.09, 0.2],
    ["Earth", 0.983331936476, 1.41317594650699, 8.7897, -3.269, 1e-3],
    ["Earth", 0.983356079811, 0.26526856764726, 4.1369, -6.909, 1e-3],
    ["Jupiter", 5.446231815414, 6.44985867459088, 0.2446, -1.667, 1e-3],
    ["Jupiter", 4.957681473205, 3.95393078136013, 0.3431, -2.934, 1e-3],
    ["Uranus", 18.321003215845, 17.3229728525108, 0.041, 5.381, 0.03],
    // The full Moon, Allen 1973: -12.74 at its mean distance.
    ["Moon", 1.0, 384_400e3 / AU_M, 0, -12.74, 0.01],
  ] as const) {
    const found = magnitudeOf(worldOf(name), sunAu, eyeAu, phase * DEGREE);
    assert.ok(Math.abs(found - magnitude) < within, `${name} at ${phase} degrees: ${found}, not ${magnitude}`);
  }
  // Laws in two pieces meet, and beyond the angles that are known light only falls.
  for (const world of WORLDS) {
    let before = -99;
    for (let phase = 1; phase < 180; phase += 0.5) {
      const now = magnitudeOf(world, 1, 1, phase * DEGREE);
      // That of Venus has a bump where its air glows against the Sun; steeper it must not be.
      assert.ok(Math.abs(now - before) < 1 || before === -99 || phase > 165, `${world.name} at ${phase} degrees`);
      before = now;
    }
  }
  // Bowell et al. 1989: at 20 degrees an asteroid of G 0.15 is 0.98 mag fainter than at its H.
  assert.ok(Math.abs(smallMagnitude(false, 3.34, 0.15, 1, 1, 20 * DEGREE) - 3.34 - 0.98) < 0.02);
  assert.equal(smallMagnitude(true, 5, 4, 10, 1, 0), 15);
});

test("Saturn with its rings has the light of the published law at every tilt", () => {
  const saturn = worldOf("Saturn");
  for (const [tilt, phase] of [
    [5, 2],
    [10, 3],
    [18, 1],
    [26, 4],
  ]) {
    const [sine, globe] = [Math.sin(tilt * DEGREE), OMEGA_0 * 10 ** (-0.4 * magnitudeOf(saturn, 9, 8, phase * DEGREE))];
    const rings = sheetOf(9 * AU_M) * (saturn.radiusM / (8 * AU_M)) ** 2 * ringLight(sine, sine, true);
    const found = -2.5 * Math.log10((globe + rings) / OMEGA_0) - 5 * Math.log10(72);
    const law = -8.914 - 1.825 * sine + 0.026 * phase - 0.378 * sine * Math.exp(-2.25 * phase);
    assert.ok(Math.abs(found - law) < 0.16, `at ${tilt} degrees: ${found}, not ${law}`);
  }
  assert.ok(ringLight(0.3, 0.3, false) < 0.3 * ringLight(0.3, 0.3, true), "the side that is not lit is darker");
});

test("a globe's sum is that of Lambert's law where it is large, and goes on smoothly where it is small", () => {
  for (const phase of [0, 0.6, 1.5, 2.4]) {
    const law = (radius: number) => Math.PI * radius ** 2 * (2 / 3) * lambert(phase);
    assert.ok(Math.abs(globeSum(200, phase) / law(200) - 1) < 0.02, `${globeSum(200, phase) / law(200)} at ${phase}`);
    let before = globeSum(0.5, phase);
    for (let radius = 0.525; radius < 40; radius *= 1.05) {
      const now = globeSum(radius, phase);
      assert.ok(now > before && now < 1.2 * before, `${now / before} at ${radius} px and phase ${phase}`);
      before = now;
    }
  }
});

test("bodies move with the date; a flight ends where a third of the view is lit planet", async () => {
  const system = new SolarSystem(await readEphemeris(data("catalogs/ephemeris.bin.gz"), "e"), orbitsOf(rows));
  system.move(2_461_374.5);
  assert.deepEqual([system.known, system.held, system.note.length > 0], [true, true, true]);
  const jupiter = system.worlds.find(({ world }) => world?.name === "Jupiter")!;
  const camera = new Camera();
  camera.position = [1e13, -2e13, 3e12];
  const flight = new BodyFlight(
    camera,
    () => jupiter.place.position,
    () => system.sun,
    jupiter.place.radiusM,
  );
  for (let time = 0; !flight.step(time); time += 0.05) {
    assert.ok(length(sub(camera.position, jupiter.place.position)) > 2 * jupiter.place.radiusM);
  }
  const sight = sightOf(system, jupiter, camera.position);
  const share = Math.tan(Math.asin(jupiter.place.radiusM / sight.distance)) / Math.tan(30 * DEGREE);
  assert.ok(Math.abs(share - 1 / 3) < 1e-9, `${share}`);
  assert.ok(angleBetween(camera.forward, sight.to) < 1e-3);
  assert.ok(Math.abs(sight.phase - 0.7) < 1e-6);
  assert.ok(length(sub(camera.position, flight.end)) < 1);

  system.move(2_461_374.5 + 365.25 * 150);
  assert.deepEqual([system.known, system.held], [false, true]);
  assert.match(system.note, /1900 to 2100/);
  system.move(2_461_374.5 + 365.25 * (LOST_YR + 10));
  assert.equal(system.held, false);
});
