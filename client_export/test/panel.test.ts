/**
 * What is pointed at is the star that stands there, and what is said of it is what the pack has. The pack is that of the test
 * vectors: a star's identifier, motion and distances follow from its row among the sources.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Camera } from "../src/camera.ts";
import { CONSTELLATIONS, GENITIVES } from "../src/find/constellations.ts";
import { parseNames } from "../src/find/names_file.ts";
import { constellationOf } from "../src/panel/constellation.ts";
import { SideFiles, colorOf, magnitudeFrom } from "../src/panel/details.ts";
import { type PickedStar, placeAt, starAt } from "../src/panel/pick.ts";
import { temperatureOf } from "../src/panel/temperature.ts";
import { towards } from "../src/sky.ts";
import { SplatStore } from "../src/splat_store.ts";
import { type Vec3, length, scale, sub, unit } from "../src/vec.ts";
import { cellOf, splatAt } from "./cells.ts";
import { VIEW, open, packServer } from "./packs.ts";
import { randomFrom } from "./random.ts";
import { shippedLandmarks, shippedNames } from "./shipped_names.ts";

const FIRST_ID = 1n << 60n;
const SOURCES = new Float64Array(
  new Uint8Array(readFileSync(new URL("../../tests/data/v2/sources.f64", import.meta.url))).buffer,
);

const spotOf = (x: number, y: number, reach = 8) => ({ width: 640, height: 480, x, y, reach });

/** What is picked where each star of the pack is seen from the Sun through a narrow field. */
async function* picked(): AsyncGenerator<{ star: PickedStar; row: number }> {
  const { source } = await open(packServer());
  await source.settle(VIEW());
  const camera = new Camera();
  camera.fovDeg = 1;
  const files = new SideFiles(source.pack, source.root);
  for (let row = 0; row < SOURCES.length / 4; row += 7) {
    const place = SOURCES.slice(4 * row, 4 * row + 3) as unknown as Vec3;
    camera.look(place);
    const star = starAt(source.store, camera, spotOf(320, 240, 0.5));
    assert.ok(star, `row ${row} is not found`);
    const { identifier, distancePc, speedKmS } = await files.recordsOf(star);
    const found = Number((identifier ?? 0n) - FIRST_ID);
    const own = SOURCES.slice(4 * found, 4 * found + 3) as unknown as Vec3;
    // It is the star of that identifier; which may be a brighter one that lies in front, or behind.
    assert.ok(length(sub(own, star.position)) < 3e-6 * length(own), `row ${row}: ${found}`);
    assert.deepEqual(distancePc, found % 7 === 0 ? null : [found + 0.25, found + 0.5]);
    const moved = Math.hypot(found, 2 * found, found / 4) / 31_557_600_000;
    assert.ok(Math.abs((speedKmS ?? 0) - moved) <= 1e-6 * moved);
    yield { star, row: found };
  }
}

test("every star is found where it is seen, with its identifier, distance, motion and magnitude", async () => {
  const rows = new Set<number>();
  for await (const { star, row } of picked()) {
    rows.add(row);
    assert.ok(Math.abs(magnitudeFrom(star, [0, 0, 0]) - SOURCES[4 * row + 3]) < 0.0051, `row ${row}`);
    // Ten times nearer a star is five magnitudes brighter.
    const near = magnitudeFrom(star, scale(star.position, 0.9));
    assert.ok(Math.abs(near - SOURCES[4 * row + 3] + 5) < 0.0051);
  }
  assert.ok(rows.size > 150);
});

test("a damaged side file is told, and asked for again", async () => {
  let damaged = true;
  const { source } = await open(
    packServer((name, bytes) => {
      if (damaged && name === "ids-sky.bin") bytes[5] ^= 1;
    }),
  );
  await source.settle(VIEW());
  const camera = new Camera();
  camera.look(SOURCES.slice(0, 3) as unknown as Vec3);
  const star = starAt(source.store, camera, spotOf(320, 240)) as PickedStar;
  const files = new SideFiles(source.pack, source.root);
  await assert.rejects(files.recordsOf(star), /ids-sky\.bin/);
  damaged = false;
  await assert.doesNotReject(new SideFiles(source.pack, source.root).recordsOf(star));
});

test("of stars near the pointer the brighter is meant, of equal ones the nearer; none beyond the reach", () => {
  const store = new SplatStore(1000);
  const random = randomFrom(11);
  const stars = Array.from({ length: 400 }, () => {
    const place = [50 + random(50), random(80) - 40, random(80) - 40];
    return splatAt(place, 1 + random(4));
  });
  const cell = store.add("test", cellOf(stars, [0, 0, 0], 100), true);
  const camera = new Camera();
  camera.position = [-3, 2, 1];
  camera.look([1, 0.1, -0.1]);
  for (let round = 0; round < 200; round++) {
    const spot = spotOf(random(640), random(480), 1 + random(20));
    let [best, light] = [-1, 0];
    for (let at = cell.start; at < cell.start + cell.count; at++) {
      const place = [0, 1, 2].map((k) => cell.origin[k] + store.means[4 * at + k] * cell.unitM) as unknown as Vec3;
      const seen = camera.project(place, spot.width, spot.height);
      const off = seen ? Math.hypot(seen.x - spot.x, seen.y - spot.y) / spot.reach : Infinity;
      const value = (store.luminosityOf(at, cell) / length(sub(place, camera.position)) ** 2) * 10 ** -(off * off);
      if (off <= 1 && value > light) [best, light] = [at, value];
    }
    assert.equal(starAt(store, camera, spot)?.at ?? -1, best);
  }
  cell.weight = 0;
  assert.equal(starAt(store, camera, spotOf(320, 240, 400)), null);
});

test("places are meant by their middles", () => {
  const camera = new Camera();
  const [sirius, vega] = ["sirius", "vega"].map((id) => shippedLandmarks().find((place) => place.id === id)!);
  camera.look(sirius.position);
  const at = (x: number) => placeAt([vega, sirius], (place) => place.position, camera, spotOf(x, 240));
  assert.equal(at(320), sirius);
  assert.equal(at(330), null);
});

test("colours come back from the light of a star, to half a step", async () => {
  const { source } = await open(packServer());
  const { palette } = source.pack.head;
  for (let index = 0; index <= 127; index++) {
    const light = [...palette.subarray(3 * index, 3 * index + 3)].map((value) => value * 3.7);
    const found = colorOf({ light } as unknown as PickedStar, palette);
    if (index === 127) assert.equal(found, null);
    else assert.ok(Math.abs((found ?? NaN) - (5.6 * index) / 126 + 0.5) < 1e-9, `${index}: ${found}`);
  }
});

test("temperatures of dwarfs: the Sun's, Vega's and Proxima's within a tenth, and falling", () => {
  for (const [color, kelvin] of [
    [0.82, 5772],
    [0.0, 9600],
    [3.8, 2990],
  ])
    assert.ok(Math.abs((temperatureOf(color) ?? 0) / kelvin - 1) < 0.1);
  let before = Infinity;
  for (let color = -0.12; color <= 5.1; color += 0.01) {
    const kelvin = temperatureOf(color) as number;
    assert.ok(kelvin < before);
    before = kelvin;
  }
  assert.equal(temperatureOf(-0.3), null);
  assert.equal(temperatureOf(6), null);
});

test("constellations: nearly every star named for one lies in it", () => {
  // Boundaries were drawn in 1930 around the stars that Bayer and Flamsteed had named; a few have crossed since.
  const stars = parseNames(shippedNames(), "names.json", shippedLandmarks(), "Star");
  let [inside, all] = [0, 0];
  for (const { place, designations } of stars) {
    const named = designations.find((each) => each.at(-4) === " " && GENITIVES.has(each.slice(-3)));
    if (place.kind !== "star" || !named || length(place.position) === 0) continue;
    all++;
    inside += Number(constellationOf(unit(place.position)) === named.slice(-3));
  }
  assert.ok(all > 2500);
  assert.ok(inside / all > 0.99, `${inside} of ${all}`);
});

test("every direction is in a constellation, and all 88 are there", () => {
  const seen = new Set<string>();
  for (let ra = 0; ra < 360; ra += 2)
    for (let dec = -90; dec <= 90; dec += 2) seen.add(constellationOf(towards(ra, dec)));
  assert.deepEqual([...seen].sort(), [...CONSTELLATIONS.keys()].sort());
});
