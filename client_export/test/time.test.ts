/**
 * Stars move along straight lines to any date and back, to the bit; the clock and its dates are what they say. The pack is
 * that of the test vectors, in which the velocity of a star follows from its row among the sources: (row, -2 row, row / 4)
 * metres a year, here a billion times as much, up to 113 km/s, so that most leave their cells.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Camera } from "../src/camera.ts";
import type { Landmark } from "../src/landmark.ts";
import { LandmarkStars } from "../src/landmark_stars.ts";
import { NearSplats } from "../src/near.ts";
import { NearestLight } from "../src/nearest.ts";
import { starAt } from "../src/panel/pick.ts";
import type { StoredCell } from "../src/splat_store.ts";
import { Clock, RATES } from "../src/time/clock.ts";
import { formatDate, parseDate, yearOf } from "../src/time/date.ts";
import { Motions } from "../src/time/motions.ts";
import { type SidePlace, SideReader, sidePlace, skyPlace } from "../src/tree/side_reader.ts";
import type { TreeSource } from "../src/tree/source.ts";
import { crc32 } from "../src/v2/crc32.ts";
import { IDS, MOTION, decodeIds, sideBlockRange } from "../src/v2/side.ts";
import { type Vec3, add, length, scale, sub, unit } from "../src/vec.ts";
import { VIEW, nodesOf, open, packServer } from "./packs.ts";

const FIRST_ID = 1n << 60n;
const EPOCH = 2016;
const FASTER = 1e9;

/** Makes all stars of the pack FASTER, with the right checksums. */
async function fasterServer(log: string[] = [], damaged = () => false): Promise<typeof fetch> {
  const { source } = await open(packServer());
  await source.settle(VIEW());
  const tiles = nodesOf(source.root).flatMap(({ place }) => (place ? [sidePlace(place)] : []));
  const places = [skyPlace(source.pack.head.sky), ...tiles];
  return packServer(
    (name, bytes) => {
      for (const { stem, firstStar, number, stars, crc } of places) {
        if (name !== `motion-${stem}.bin`) continue;
        const { offset, length } = sideBlockRange(MOTION, firstStar, number, stars);
        const view = new DataView(bytes.buffer, offset, length);
        for (let at = 0; at < 12 * stars; at += 4) view.setFloat32(at, FASTER * view.getFloat32(at, true), true);
        view.setUint32(12 * stars, crc32(bytes.subarray(offset, offset + 12 * stars), crc), true);
        if (damaged() && stem === "sky") bytes[offset + 5] ^= 1;
      }
    },
    true,
    log,
  );
}

async function moving(server: typeof fetch) {
  const { source } = await open(server);
  await source.settle(VIEW());
  const told: string[] = [];
  const motions = new Motions(source, EPOCH, { onCome: () => {}, onError: (message) => told.push(message) });
  return { source, motions, told };
}

/** Of each cell the rows of its stars among the sources. */
async function rowsOf({ root, pack }: TreeSource): Promise<Map<StoredCell, number[]>> {
  const rows = new Map<StoredCell, number[]>();
  const reader = new SideReader(pack.folder);
  const take = async (place: SidePlace, cells: (StoredCell | null | undefined)[]) => {
    const own = [...decodeIds(await reader.read(IDS, place), place.stars, place.crc, "ids")];
    for (const cell of cells)
      if (cell)
        rows.set(
          cell,
          own.splice(0, cell.count).map((id) => Number(id - FIRST_ID)),
        );
  };
  await take(skyPlace(pack.head.sky), [root.content?.stars]);
  for (const { place, children } of nodesOf(root)) {
    if (place)
      await take(
        sidePlace(place),
        children.map(({ content }) => content?.stars),
      );
  }
  return rows;
}

const starCells = ({ store }: TreeSource) => [...store.cells].filter(({ points, count }) => points && count > 0);

/** Moves all stars to `year`, whose velocities come first. */
async function goTo(motions: Motions, year: number) {
  motions.move(year, true);
  await motions.settle();
  motions.move(year, true);
}

test("every star is where its velocity takes it, and back at the epoch to the bit; nothing is asked for before", async () => {
  const log: string[] = [];
  const { source, motions } = await moving(await fasterServer(log));
  const { store } = source;
  const asked = () => log.filter((line) => line.startsWith("motion-"));
  await goTo(motions, EPOCH);
  assert.deepEqual(asked(), []);
  const [before, balls] = [store.means.slice(), new Map(starCells(source).map((cell) => [cell, cell.ball]))];
  store.takeChanges();

  const rows = await rowsOf(source);
  for (const years of [-100_000, 100_000]) {
    await goTo(motions, EPOCH + years);
    let [left, stars] = [0, 0];
    for (const cell of starCells(source)) {
      for (let at = cell.start; at < cell.start + cell.count; at++) {
        const position = store.placeOf(at, cell);
        const row = rows.get(cell)?.[at - cell.start] ?? NaN;
        const from = [0, 1, 2].map((axis) => cell.origin[axis] + cell.unitM * before[4 * at + axis]) as unknown as Vec3;
        const way = scale([row, -2 * row, row / 4], FASTER * years);
        const relative = sub(position, cell.origin);
        // Both are float32: the velocity, and the place from the cell's origin.
        const off = length(sub(position, add(from, way)));
        assert.ok(off <= 1e-7 * (length(way) + length(relative)), `row ${row}: ${off} m`);
        const share = length(sub(position, cell.ball.centre)) / cell.ball.radius;
        assert.ok(share <= 1.000001, `row ${row}: at ${share} radii of its ball`);
        const most = Math.max(...relative.map(Math.abs)) / cell.unitM;
        assert.ok(cell.fromSun || most <= 1.000001 * cell.reach, `row ${row}: ${most} units from its origin`);
        left += Number(!cell.fromSun && cell.reach > 1);
        stars++;
      }
    }
    assert.equal(stars, 1600);
    assert.ok(left > 20, `${left} stars are in cells that some have left`);
    const changed = store.takeChanges().reduce((sum, { start, end }) => sum + end - start, 0);
    assert.equal(changed, stars);
  }
  assert.equal(new Set(asked()).size, asked().length, "nothing is asked for twice");

  await goTo(motions, EPOCH);
  assert.deepEqual(store.means, before);
  for (const cell of starCells(source)) assert.deepEqual([cell.ball, cell.reach], [balls.get(cell), 1]);
});

test("what stands for stars stays, as does what has no velocity yet", async () => {
  const { source, motions } = await moving(await fasterServer());
  const { store } = source;
  const before = store.means.slice();
  motions.move(EPOCH + 50_000, true);
  assert.deepEqual(store.means, before);
  await goTo(motions, EPOCH + 50_000);
  for (const cell of store.cells) {
    const own = (means: Float32Array) => means.subarray(4 * cell.start, 4 * (cell.start + cell.count));
    const same = Buffer.compare(Buffer.from(own(store.means).slice().buffer), Buffer.from(own(before).slice().buffer));
    assert.equal(same === 0, !cell.points || cell.count === 0, "proxies stay, stars go");
  }
});

test("a tile whose velocities are damaged is told once, stays, and is read when it is asked for again", async () => {
  let damaged = true;
  const { source, motions, told } = await moving(await fasterServer([], () => damaged));
  const sky = source.root.content?.stars as StoredCell;
  const place = () => source.store.placeOf(sky.start + 1, sky);
  const before = place();
  for (let i = 0; i < 3; i++) await goTo(motions, EPOCH + 10_000);
  assert.equal(told.length, 1);
  assert.match(told[0], /motion-sky\.bin/);
  assert.deepEqual(place(), before);
  assert.ok(
    starCells(source).some((cell) => cell.home),
    "others move",
  );
  damaged = false;
  motions.retry();
  await goTo(motions, EPOCH + 10_000);
  assert.equal(told.length, 1);
  assert.notDeepEqual(place(), before);
});

test("who is near a star that has left its cell sees, picks, nears and names it there", async () => {
  const { source, motions } = await moving(await fasterServer());
  const { store } = source;
  const near = new NearestLight(store);
  near.find([0, 0, 0]);
  const cell = starCells(source).find(({ fromSun }) => !fromSun) as StoredCell;
  const home = store.placeOf(cell.start, cell);
  const landmark: Landmark = { id: "it", name: "It", kind: "star", position: home, radiusM: 0, description: "" };
  const [early, late] = [new LandmarkStars([landmark]), new LandmarkStars([landmark])];
  early.addCell(store, cell);
  await goTo(motions, EPOCH + 100_000);
  assert.ok(cell.reach > 1);
  late.addCell(store, cell);
  const place = store.placeOf(cell.start, cell);
  assert.ok(length(sub(place, home)) > 1e16);
  for (const stars of [early, late]) assert.deepEqual(stars.positionOf(landmark), place);

  const camera = new Camera();
  const beside = 1e-3 * cell.unitM;
  camera.position = add(place, [beside, 0, 0]);
  camera.look([-1, 0, 0]);
  const splats = new NearSplats();
  splats.gather(store, camera.position);
  const ways = Array.from({ length: splats.count }, (_, i) =>
    unit(splats.means.subarray(4 * i, 4 * i + 3) as unknown as Vec3),
  );
  assert.ok(
    ways.some((way) => length(sub(way, [-1, 0, 0])) < 1e-6),
    "it is drawn from float64",
  );
  const light = near.find(camera.position);
  assert.ok(light && Math.abs(light.distance / beside - 1) < 1e-3, "it is the nearest light");
  const star = starAt(store, camera, { width: 640, height: 480, x: 320, y: 240, reach: 2 });
  assert.deepEqual([star?.cell, star?.at], [cell, cell.start]);
  assert.ok(length(sub(star?.home ?? [0, 0, 0], home)) <= 1e-12 * length(home), "and is known by where it was");
});

test("dates are days of the years 0 to 9999, else years, and come back", () => {
  assert.equal(parseDate("2000-01-01"), 2000); // its noon is J2000
  assert.equal(parseDate("2016-01-01"), 2016);
  // Meeus, Astronomical Algorithms, 2nd edition, chapter 7: JD 2436116.31 is 1957 October 4.81.
  assert.ok(Math.abs((parseDate("1957-10-04") ?? 0) - (2000 + (2_436_116 - 2_451_545) / 365.25)) < 1e-9);
  assert.equal(parseDate(" −9000 "), -9000);
  assert.equal(parseDate("+12000.25"), 12_000.25);
  assert.equal(parseDate("-98000"), -98_000);
  for (const wrong of [
    "",
    "soon",
    "2026-02-30",
    "2026-13-01",
    "26-1-1",
    "102000.1",
    "-98001",
    "1e4",
    "NaN",
    "2026-11-29x",
  ])
    assert.equal(parseDate(wrong), null, wrong);
  for (const text of ["0000-01-01", "2026-11-29", "9999-12-31", "-98000", "-0.5", "12000.25", "102000"])
    assert.equal(formatDate(parseDate(text) ?? NaN), text);
  const now = Date.UTC(2026, 10, 29, 18);
  assert.equal(formatDate(yearOf(now)), "2026-11-29");
});

test("the clock goes on while it plays, by its rate either way, and stands at the last date there is", () => {
  const clock = new Clock(EPOCH);
  assert.equal(clock.text, "");
  assert.equal(clock.step(5), false);
  clock.play();
  assert.equal(clock.rate, 1000);
  assert.ok(clock.step(1000));
  assert.equal(clock.year, EPOCH);
  assert.ok(clock.step(1500));
  assert.equal(clock.year, EPOCH + 500);
  clock.pause();
  assert.equal(clock.step(9000), false);
  assert.equal(clock.year, parseDate(clock.text), "what it stands at is what a link says");
  while (clock.change(-1));
  assert.equal(clock.rate, -10_000);
  assert.equal(clock.change(-1), false);
  clock.play();
  for (let now = 0; clock.step(now); now += 900);
  assert.deepEqual([clock.year, clock.playing, clock.text], [-98_000, false, "-98000"]);
  clock.play();
  assert.equal(clock.playing, false, "there is nothing before");
  clock.set(EPOCH + 0.4 / 365.25);
  assert.equal(clock.text, "");
  clock.set(1e9);
  assert.equal(clock.year, 102_000);
  assert.ok(RATES.every((rate, i) => i === 0 || rate > RATES[i - 1]));
  assert.ok(Math.abs(RATES[8] * 365.25 * 86_400 - 1) < 1e-12, "real time");
});
