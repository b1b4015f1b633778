/**
 * Moons are bodies beside their planets' own centres: where JPL Horizons has them (`horizons_moons.json`), as bright as they are at
 * opposition (V0 of the Astronomical Almanac, section F), and shown and named only where they are told from their planet.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Answers } from "../src/find/answers.ts";
import { AU_M, eclipticOf } from "../src/sky.ts";
import { parseBodies } from "../src/solar/bodies_file.ts";
import { readEphemeris } from "../src/solar/ephemeris.ts";
import { orbitM, sunlitShare } from "../src/solar/moon_bodies.ts";
import { readMoons } from "../src/solar/moons.ts";
import { shownMoons } from "../src/solar/moons_shown.ts";
import { pointOf } from "../src/solar/orbit_lines.ts";
import { Paths } from "../src/solar/paths.ts";
import { magnitudeOf } from "../src/solar/planets.ts";
import { angleBetween, sightOf } from "../src/solar/sight.ts";
import { SolarSystem } from "../src/solar/system.ts";
import { linesOf } from "../src/solar/told.ts";
import { type Vec3, add, length, scale, sub, unit } from "../src/vec.ts";

const DEGREE = Math.PI / 180;
const data = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url));
const listed = readMoons(data("catalogs/moons.json").toString(), "moons.json");
const column = [1, 1, 1, 1];
const craft = parseBodies(
  JSON.stringify({
    format: "helios-bodies",
    version: 1,
    epoch_jd_tdb: 2_461_000.5,
    orbits: {
      designation: ["Voyager 1", "New Horizons", "85", "52"],
      name: ["Voyager 1", "New Horizons", "Io", "Europa"],
      kind: ["spacecraft", "spacecraft", "asteroid", "asteroid"],
      perihelion_au: column,
      eccentricity: [2, 2, 0.1, 0.1],
      inclination_deg: column,
      node_deg: column,
      argument_deg: column,
      perihelion_days: column,
      h_mag: [null, null, 7, 7],
      slope: [null, null, 0.15, 0.15],
    },
  }),
  "bodies.json.gz",
);
const system = new SolarSystem(await readEphemeris(data("catalogs/ephemeris.bin.gz"), "e"), craft, listed);
const moonOf = (name: string) => system.moons.find(({ moon }) => moon.name === name)!;

test("moons are where Horizons has them from their planet's own centre, and Pluto beside its barycentre", () => {
  const { vectors } = JSON.parse(data("tests/data/ephemeris/horizons_moons.json").toString()) as {
    vectors: [string, number, Vec3][];
  };
  assert.ok(vectors.length > 8);
  for (const [name, jd, place] of vectors) {
    system.move(jd);
    const wanted = eclipticOf(place);
    if (name === "Pluto") {
      const off = sub(scale(system.worldAt("Pluto"), 1 / AU_M), scale(system.at("Pluto", jd), 1 / AU_M));
      assert.ok(length(sub(off, wanted)) < 2e-7, `${length(sub(off, wanted))} au`);
    } else {
      const body = moonOf(name);
      const off = sub(system.placeOf(body), system.worldAt(body.moon.planet));
      const wrongDeg = angleBetween(off, wanted) / DEGREE;
      assert.ok(wrongDeg < body.moon.errorDeg, `${name}: ${wrongDeg} degrees`);
      assert.ok(Math.abs(length(off) / AU_M / length(wanted) - 1) < 0.004, name);
    }
  }
});

test("their magnitudes at opposition are the published ones", () => {
  const opposed = { Jupiter: [5.2, 4.2], Saturn: [9.55, 8.55], Uranus: [19.2, 18.2], Neptune: [30.1, 29.1] };
  const distances: Record<string, number[]> = { ...opposed, Pluto: [39.5, 38.5], Mars: [1.52, 0.52] };
  for (const [name, magnitude] of [
    ["Io", 5.0],
    ["Europa", 5.3],
    ["Ganymede", 4.6],
    ["Callisto", 5.7],
    ["Amalthea", 14.1],
    ["Tethys", 10.2],
    ["Dione", 10.4],
    ["Rhea", 9.7],
    ["Titan", 8.4],
    ["Titania", 13.9],
    ["Triton", 13.5],
    ["Charon", 17.3],
    ["Phobos", 11.4],
  ] as const) {
    const { world, moon } = moonOf(name);
    const [sunAu, eyeAu] = distances[moon.planet];
    const found = magnitudeOf(world, sunAu, eyeAu, 0);
    assert.ok(Math.abs(found - magnitude) < 0.5, `${name}: ${found}, not ${magnitude}`);
    assert.ok(magnitudeOf(world, sunAu, eyeAu, 3) > found + 5);
  }
});

test("from afar no moon is shown, nearer they are named, and who asks for one sees it from everywhere", () => {
  system.move(2_461_374.5);
  const seen = (position: Vec3, fovDeg: number, goal: unknown = null) =>
    shownMoons(system.moons, system.worldAt, { position, fovDeg }, goal);
  const named = (position: Vec3, fovDeg: number) =>
    seen(position, fovDeg)
      .filter((shown) => shown.named)
      .map(({ body }) => body.moon.name);
  const earth = system.worldAt("Earth");
  const faint = seen(earth, 60).map(({ body }) => body.moon.name);
  assert.ok(!["Io", "Europa", "Titan", "Phobos", "Charon"].some((name) => faint.includes(name)), faint.join());
  assert.deepEqual(named(earth, 60), []);
  assert.deepEqual(named(system.sun, 60), []);
  const asked = seen(earth, 60, moonOf("Charon")).find(({ body }) => body.moon.name === "Charon");
  assert.equal(asked?.share, 1);
  // Binoculars show those that Galileo saw.
  const galilean = ["Io", "Europa", "Ganymede", "Callisto"];
  const enlarged = named(earth, 1);
  for (const name of ["Ganymede", "Callisto", "Titan"]) assert.ok(enlarged.includes(name), enlarged.join());
  const beside = (planet: string, radii: number) => {
    const { place, world } = system.worlds.find(({ world }) => world.name === planet)!;
    return add(place.position, scale(unit(sub(system.sun, place.position)), radii * world.radiusM));
  };
  for (const [planet, radii, moons] of [
    ["Jupiter", 20, [...galilean, "Amalthea"]],
    ["Jupiter", 400, ["Callisto"]],
    ["Pluto", 20, ["Charon"]],
    ["Mars", 20, ["Phobos", "Deimos"]],
  ] as const) {
    const found = named(beside(planet, radii), 60);
    for (const name of moons) assert.ok(found.includes(name), `${planet}: ${found.join()}`);
    assert.ok(found.every((name) => moonOf(name).moon.planet === planet));
  }
  assert.ok(!named(beside("Jupiter", 400), 60).includes("Metis"));
});

test("orbits go through their moons, and are those that they move on", () => {
  const paths = new Paths(system);
  for (const body of system.moons) {
    system.move(2_461_374.5);
    const path = paths.of(body);
    const place = system.placeOf(body);
    assert.ok(length(sub(pointOf(path, path.anomaly), place)) < 1e-6 * orbitM(body.moon), body.moon.name);
    const centre = system.worldAt(body.moon.planet);
    const line = Array.from({ length: 3600 }, (_, i) => sub(pointOf(path, (i * DEGREE) / 10), centre));
    for (const share of [0.2, 0.45, 0.7]) {
      system.move(2_461_374.5 + (share * 2 * Math.PI) / body.moon.longitude[1]);
      const then = sub(system.placeOf(body), system.worldAt(body.moon.planet));
      const off = Math.min(...line.map((point) => length(sub(point, then)))) / length(then);
      assert.ok(off < 0.03, `${body.moon.name} is ${off} beside its line`);
    }
  }
});

test("a moon in the shadow of its planet is dark", () => {
  const sun: Vec3 = [0, 0, 0];
  const [planet, radius] = [[7.8e11, 0, 0] as Vec3, 7e7];
  const share = (x: number, y: number) => sunlitShare([7.8e11 + x, y, 0], planet, radius, sun);
  assert.deepEqual([share(4e8, 0), share(-4e8, 0), share(0, 4e8), share(4e8, 8e7)], [0, 1, 1, 1]);
  assert.ok(share(4e8, 7e7) > 0.3 && share(4e8, 7e7) < 0.7);
  // On 2026-11-29 Io crosses the shadow once in its 42.5 hours, for 2.3 of them.
  const io = moonOf("Io");
  const steps = Array.from({ length: 425 }, (_, i) => {
    system.move(2_461_373.5 + i / 240);
    system.placeOf(io);
    return sightOf(system, io, system.worldAt("Earth")).globe === 0;
  });
  const hours = steps.filter((dark) => dark).length / 10;
  assert.ok(hours > 1.9 && hours < 2.4, `${hours} hours`);
});

test("the panel tells whose moon it is, and how well its place is known", () => {
  system.move(2_461_374.5);
  const told = (name: string) => {
    const body = moonOf(name);
    const lines = linesOf(system, sightOf(system, body, add(system.placeOf(body), [1e8, 0, 0])));
    return lines.map(([, text]) => text).join("\n");
  };
  assert.match(told("Io"), /^moon of Jupiter\n/);
  assert.doesNotMatch(told("Io"), /known to some/);
  assert.match(told("Hyperion"), /known to some 33°/);
});

test("a search finds the moon before the asteroid of its name", () => {
  const places = [...system.smalls, ...system.moons].map(({ place }) => place);
  const answers = new Answers({ landmarks: places, names: null, star: "Star" });
  for (const name of ["Io", "Europa", "Ganymede", "Titan", "Charon"]) {
    const [first] = answers.find(name, 8);
    assert.deepEqual([first.called.place.name, first.called.place.kind], [name, "moon"]);
  }
  assert.equal(answers.find("85 Io", 8)[0].called.place.kind, "asteroid");
});

test("no spacecraft is there before the orbit that it leaves on", () => {
  const there = (jd: number) => {
    system.move(jd);
    return system.smalls.map((body) => system.here(body));
  };
  assert.deepEqual(there(2_433_282.5), [false, false, true, true]);
  assert.deepEqual(there(2_444_574.4), [false, false, true, true]);
  assert.deepEqual(there(2_444_574.6), [true, false, true, true]);
  assert.deepEqual(there(2_458_484.6), [true, true, true, true]);
  system.move(2_450_000.5);
  assert.match(system.absence(system.smalls[1]), /New Horizons is shown from 2019-01-01 on/);
  assert.equal(system.absence(system.smalls[0]), "");
});
