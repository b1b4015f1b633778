/**
 * Motion by keys and wheel with a clock of the test: the same way at any rate of frames, no star flown through, and what is
 * under the pointer stays there. Expected ways are worked out here, by the law that the speed is the distance a second.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { aimAlong } from "../src/aim.ts";
import { Approach } from "../src/approach.ts";
import { Camera } from "../src/camera.ts";
import { Flight, WayHome, arrivalDistance } from "../src/flight.ts";
import { Motion } from "../src/motion.ts";
import { type NearLight, NearestLight } from "../src/nearest.ts";
import { AU_M, LIGHT_YEAR_M, PARSEC_M, towards } from "../src/sky.ts";
import { SplatStore } from "../src/splat_store.ts";
import { OMEGA_0 } from "../src/v2/quantities.ts";
import { type Vec3, add, dot, length, scale, sub, unit } from "../src/vec.ts";
import { cellOf, splatAt } from "./cells.ts";
import { randomFrom } from "./random.ts";

const [WIDTH, HEIGHT] = [1280, 800];
const STAR: Vec3 = [3 * PARSEC_M, 0, 0];

/** The one star of a world. */
const starAt =
  (place: Vec3) =>
  (from: Vec3): NearLight => ({ distance: length(sub(place, from)), offset: sub(place, from), star: true });

/** Where a camera at `start`, looking at +x, is after W was held for `seconds`, with `fps` frames a second. */
function flown(
  seconds: number,
  fps: number,
  nearest: (place: Vec3) => NearLight | null,
  start: Vec3 = [0, 0, 0],
): Vec3 {
  const camera = new Camera();
  camera.position = start;
  const motion = new Motion(camera, nearest);
  let now = 1000.25;
  let next = now + 1;
  motion.hold("forward", true, now);
  const end = now + 1000 * seconds;
  let moving = true;
  while (moving) {
    now = next;
    next += 1000 / fps;
    moving = motion.step(now);
    if (end > now && end <= next) motion.hold("forward", false, end);
    assert.ok(now < end + 5000, "it comes to rest");
  }
  return camera.position;
}

test("W for 2 s in the dark, at 1 ly a second, is 2 ly at 3 as at 60 frames a second", () => {
  for (const fps of [3, 60, 144]) {
    const [x, y, z] = flown(2, fps, () => null);
    assert.ok(Math.abs(x / (2 * LIGHT_YEAR_M) - 1) < 0.01, `${fps}: ${x / LIGHT_YEAR_M} ly`);
    assert.deepEqual([y, z], [0, 0]);
  }
});

test("towards a star each second leaves 1/e of the way, at 3 as at 60 frames a second", () => {
  for (const fps of [3, 60]) {
    const left = length(sub(STAR, flown(4, fps, starAt(STAR))));
    assert.ok(Math.abs(left / (3 * PARSEC_M * Math.exp(-4)) - 1) < 0.01, `${fps}: ${left / PARSEC_M} pc`);
  }
});

test("a key pressed and released between two frames counts", () => {
  const camera = new Camera();
  const motion = new Motion(camera, () => null);
  motion.hold("forward", true, 100);
  motion.hold("forward", false, 180);
  motion.hold("forward", true, 200);
  motion.hold("forward", false, 220);
  assert.ok(motion.step(90), "a frame that began before has nothing to show yet");
  for (let now = 400; motion.step(now); now += 300);
  assert.ok(Math.abs(camera.position[0] / (0.1 * LIGHT_YEAR_M) - 1) < 0.01);
});

test("what stops, as of a hidden page, does not go on", () => {
  const camera = new Camera();
  const motion = new Motion(camera, () => null);
  motion.hold("forward", true, 0);
  motion.step(100);
  motion.rest();
  const before = camera.position;
  assert.equal(motion.step(60_000), false);
  motion.hold("forward", true, 60_000);
  motion.step(60_100);
  assert.ok(length(sub(camera.position, before)) < 0.1 * LIGHT_YEAR_M);
});

test("no pace flies through a star, and from one the next is a matter of seconds", () => {
  for (const fps of [3, 60]) {
    const camera = new Camera();
    const motion = new Motion(camera, starAt(STAR));
    motion.changePace(3);
    motion.fast = true;
    motion.hold("forward", true, 0);
    for (let frame = 1; frame <= 10 * fps; frame++) motion.step((1000 * frame) / fps);
    const left = STAR[0] - camera.position[0];
    assert.ok(left > 0 && left < 2e9, `${left} m`);
    const away = add(STAR, [0, 1e9, 0]);
    assert.ok(length(sub(flown(7, fps, starAt(STAR), away), STAR)) > PARSEC_M);
    assert.ok(length(sub(flown(7, fps, starAt(STAR), STAR), STAR)) > PARSEC_M, "also from its middle");
  }
});

/** A store of `count` stars about the origin and 20 wide splats in each cell. */
function storeOf(count: number, cells: number): SplatStore {
  const random = randomFrom(7);
  const store = new SplatStore(count + 20 * cells);
  const around = (size: number): Vec3 => [0, 1, 2].map(() => (2 * (random(1e6) / 1e6) - 1) * size) as unknown as Vec3;
  for (let i = 0; i < cells; i++) {
    const origin = around(100 * PARSEC_M);
    const half = 5 * PARSEC_M;
    const stars = Array.from({ length: count / cells }, () => splatAt(around(half)));
    const soft = Array.from({ length: 20 }, () => splatAt(around(half), PARSEC_M / 2));
    store.add("stars", cellOf(stars, origin, half), true);
    store.add("soft", cellOf(soft, origin, half), false);
  }
  return store;
}

/** The nearest by looking at all. */
function nearestOf(store: SplatStore, camera: Vec3): number {
  let least = Infinity;
  for (const { origin, unitM, start, count, points } of store.cells) {
    for (let at = start; at < start + count; at++) {
      const offset = [0, 1, 2].map((axis) => origin[axis] - camera[axis] + unitM * store.means[4 * at + axis]);
      const sigma = points ? 0 : unitM * Math.sqrt(store.covDiagonal[3 * at]);
      least = Math.min(least, Math.max(Math.hypot(...offset), sigma));
    }
  }
  return least;
}

test("the nearest light is found by looking through few cells, along any way", () => {
  const store = storeOf(4000, 40);
  const near = new NearestLight(store);
  const path = (frame: number): Vec3 => scale(towards(3 * frame, frame - 45), (1 + frame) * PARSEC_M);
  for (let frame = 0; frame < 90; frame++) {
    const found = near.find(path(frame));
    const expected = nearestOf(store, path(frame));
    assert.ok(found && Math.abs(found.distance / expected - 1) < 1e-6);
  }
  for (const cell of [...store.cells].slice(10)) store.remove(cell);
  for (const cell of store.cells) cell.weight = cell.points ? 1 : 0;
  const left = near.find([0, 0, 0]);
  const soft = [...store.cells].filter(({ points }) => !points);
  for (const cell of soft) store.remove(cell);
  assert.ok(left && Math.abs(left.distance / nearestOf(store, [0, 0, 0]) - 1) < 1e-6, "of what is shown");
});

/** A store of one star at `place`, metres, with others at `others`. */
function starsAt(...places: Vec3[]): SplatStore {
  const store = new SplatStore(places.length);
  for (const place of places) store.add("star", cellOf([splatAt([0, 0, 0])], place, 1e9), true);
  return store;
}

test("coming nearer by the wheel keeps under the pointer what is there", () => {
  const camera = new Camera();
  camera.look(towards(10, 5));
  const pointer = { x: 1000, y: 123 };
  const ray = camera.rayAt(pointer.x, pointer.y, WIDTH, HEIGHT);
  const star = scale(camera.rayAt(pointer.x + 3, pointer.y - 2, WIDTH, HEIGHT), 20 * PARSEC_M);
  const beside = scale(camera.rayAt(pointer.x + 60, pointer.y, WIDTH, HEIGHT), 5 * PARSEC_M);
  for (const places of [[beside], [star, beside]]) {
    camera.position = [0, 0, 0];
    const store = starsAt(...places);
    const within = 14 / camera.focalPx(HEIGHT);
    const aims: boolean[] = [];
    const approach = new Approach(camera, (x, y) => {
      const aim = aimAlong(store, camera.position, camera.rayAt(x, y, WIDTH, HEIGHT), within, PARSEC_M);
      aims.push(aim.light);
      return aim;
    });
    const target = places.length > 1 ? star : scale(ray, 1e6 * PARSEC_M);
    const before = camera.project(target, WIDTH, HEIGHT);
    let now = 0;
    for (let notch = 0; notch < 12; notch++) {
      approach.push(pointer.x, pointer.y, 0.4, now);
      for (let frame = 0; frame < 5; frame++) approach.step((now += 16));
      const after = camera.project(target, WIDTH, HEIGHT);
      assert.ok(before && after && Math.hypot(after.x - before.x, after.y - before.y) < 0.5);
    }
    while (approach.step((now += 16)));
    if (places.length > 1) {
      const left = length(sub(star, camera.position)) / (20 * PARSEC_M);
      assert.ok(Math.abs(left / Math.exp(-4.8) - 1) < 1e-6, `${left}`);
      assert.deepEqual(aims, [true], "it is kept while the pointer stays");
      approach.push(pointer.x, pointer.y, -4.8, now);
      while (approach.step((now += 16)));
      assert.ok(length(camera.position) < 1e-6 * length(star), "and back again");
      approach.push(pointer.x, pointer.y, 1e3, now);
      while (approach.step((now += 16)));
      assert.ok(length(sub(star, camera.position)) >= 1e9);
    } else {
      assert.ok(aims.length > 1 && !aims.includes(true));
      assert.ok(dot(unit(camera.position), ray) > 1 - 1e-12);
    }
  }
});

test("fingers that move apart come nearer by as much", () => {
  const camera = new Camera();
  camera.look(STAR);
  const approach = new Approach(camera, () => ({ place: STAR, light: true }));
  approach.pinch(WIDTH / 2, HEIGHT / 2, 4, 0);
  assert.ok(Math.abs(length(sub(STAR, camera.position)) / length(STAR) - 0.25) < 1e-12);
  approach.pinch(WIDTH / 2, HEIGHT / 2, 0.25, 20);
  assert.ok(length(camera.position) < 1e-9 * length(STAR));
});

test("a flight to a star ends where it is of magnitude -8", () => {
  const camera = new Camera();
  // Sirius: G -1.09 at 2.637 pc.
  const sirius = scale(towards(101.287, -16.716), 2.637 * PARSEC_M);
  const luminosity = OMEGA_0 * 10 ** (0.4 * 1.09) * length(sirius) ** 2;
  new Flight(camera, () => sirius, 3e13, luminosity).jump();
  const magnitude = -1.09 + 5 * Math.log10(length(sub(sirius, camera.position)) / length(sirius));
  assert.ok(Math.abs(magnitude + 8) < 1e-6, `${magnitude}`);
  assert.ok(dot(camera.forward, unit(sub(sirius, camera.position))) > 1 - 1e-12);
});

test("the circle around a cluster fills half of the view, at any zoom, also upright", () => {
  for (const [fov, width, height] of [
    [60, 1280, 800],
    [12, 1280, 800],
    [60, 390, 844],
  ] as const) {
    const camera = new Camera();
    camera.fovDeg = fov;
    camera.aspect = width / height;
    const cluster = scale(towards(56.75, 24.12), 135 * PARSEC_M);
    const flight = new Flight(camera, () => cluster, 2 * PARSEC_M);
    const end = flight.end;
    flight.jump();
    assert.ok(length(sub(camera.position, end)) < 1e-9 * length(end));
    const middle = camera.project(cluster, width, height);
    const top = camera.project(add(cluster, scale(camera.basis().up, 2 * PARSEC_M)), width, height);
    assert.ok(middle && Math.hypot(middle.x - width / 2, middle.y - height / 2) < 1e-6);
    assert.ok(top && Math.abs(height / 2 - top.y - Math.min(width, height) / 4) < 1e-6);
  }
  assert.ok(arrivalDistance([0, 0, 0], 0) > 0);
});

test("the way home ends at the Sun with a fresh look, without a leap", () => {
  for (const from of [1e4 * PARSEC_M, 3 * AU_M, 0]) {
    const camera = new Camera();
    camera.position = scale(towards(200, -50), from);
    camera.fovDeg = 5;
    camera.look(towards(30, 60));
    const look = towards(83.8, -1.2);
    const way = new WayHome(camera, look);
    let [before, over, t] = [camera.forward, false, 0];
    for (let distance = from; !over; t += 1 / 60) {
      over = way.step(t);
      assert.ok(length(camera.position) <= distance * (1 + 1e-9));
      assert.ok(dot(before, camera.forward) > Math.cos(0.15), "it turns smoothly");
      [distance, before] = [length(camera.position), camera.forward];
    }
    assert.deepEqual(camera.position, [0, 0, 0]);
    assert.ok(dot(camera.forward, look) > 1 - 1e-12 && Math.abs(camera.fovDeg - 60) < 1e-9);
    assert.ok(t < 8);
  }
});
