/**
 * What is left out of a frame is nowhere in view: for cells of any shape, seen from anywhere, every splat that the camera itself
 * projects into the picture is of a part that is drawn, into every target that takes it. And much is left out.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Camera } from "../src/camera.ts";
import type { Cell } from "../src/cell.ts";
import { Extents, distanceTo } from "../src/extent.ts";
import { frustumOf } from "../src/frustum.ts";
import { NearSplats } from "../src/near.ts";
import { OWN, SplatStore, type StoredCell } from "../src/splat_store.ts";
import { lastTarget } from "../src/seen.ts";
import { type Vec3, add, length, scale, sub, unit } from "../src/vec.ts";
import { cellOf, splatAt } from "./cells.ts";
import { randomFrom } from "./random.ts";

const [WIDTH, HEIGHT] = [640, 480];
const TARGETS = [{ from: 0 }, { from: 4 }, { from: 16 }];
const random = randomFrom(17);
const share = (): number => random(1 << 20) / (1 << 20);
const direction = (): Vec3 => unit([share() - 0.5, share() - 0.5, share() - 0.5]);

/** A cell of `count` splats up to `spread` of their distance beside one line from the Sun, up to `wide` of it large. */
function cellAlong(axis: Vec3, spread: number, wide: number, count: number): Cell {
  const places = Array.from({ length: count }, () =>
    scale(unit(add(axis, scale(direction(), spread * share()))), 1e16 * 8 ** share()),
  );
  const [low, high] = [Math.min, Math.max].map((end) => [0, 1, 2].map((k) => end(...places.map((place) => place[k]))));
  const middle = scale(add(low as unknown as Vec3, high as unknown as Vec3), 0.5);
  const half = Math.max(...[0, 1, 2].map((k) => (high[k] - low[k]) / 2));
  const splats = places.map((place) => splatAt(sub(place, middle), wide * share() * length(place)));
  return { ...cellOf(splats, middle, half), children: Uint8Array.from(places, () => random(OWN + 1)) };
}

const placeOf = (store: SplatStore, { origin, unitM }: StoredCell, at: number): Vec3 =>
  add(origin, scale([store.means[4 * at], store.means[4 * at + 1], store.means[4 * at + 2]], unitM));

/** Cameras near the Sun and far from it, which look anywhere. */
function cameraSomewhere(): Camera {
  const camera = new Camera();
  camera.position = scale(direction(), share() < 0.3 ? 0 : 10 ** (14 + 4 * share()));
  camera.aspect = WIDTH / HEIGHT;
  camera.fovDeg = share() < 0.5 ? 5 : 60;
  camera.look(direction());
  return camera;
}

test("every splat in view is of a part that is drawn, into every target that takes it", () => {
  const [tried, reached] = [{ seen: 0, out: 0 }, new Set<number>()];
  for (let round = 0; round < 1500; round++) {
    const store = new SplatStore(40);
    const points = round % 2 === 0;
    const cell = store.add("a", cellAlong(direction(), 10 ** (2 * share() - 2), 10 ** (-4 * share()), 40), points);
    cell.childWeights = Float32Array.from({ length: 8 }, () => random(2));
    const camera = cameraSomewhere();
    const focal = camera.focalPx(HEIGHT);
    const parts = new Extents().seen(frustumOf(camera, WIDTH, HEIGHT, 0), store, cell, camera.position);
    const last = Math.max(-1, ...parts.map((part) => lastTarget(TARGETS, part, focal)));
    for (let at = cell.start; at < cell.start + cell.count; at++) {
      const kind = store.means[4 * at + 3];
      const place = placeOf(store, cell, at);
      const pixel = camera.project(place, WIDTH, HEIGHT);
      const isIn = pixel && pixel.x > 0 && pixel.x < WIDTH && pixel.y > 0 && pixel.y < HEIGHT;
      if (!isIn || (kind < OWN && cell.childWeights[kind] === 0)) continue;
      tried.seen++;
      assert.ok(last >= 0, `round ${round}: a splat in view is of a cell that is left out`);
      const sigma = points ? 0 : cell.unitM * Math.sqrt(store.covDiagonal[3 * at]);
      const widthPx = (focal * sigma) / length(sub(place, camera.position));
      const takes = TARGETS.filter(({ from }) => from <= widthPx).length - 1;
      reached.add(takes);
      assert.ok(takes <= last, `round ${round}: ${widthPx} px, but the last target is ${last}`);
    }
    if (parts.length === 0) tried.out++;
  }
  assert.ok(tried.seen > 1000 && tried.out > 500, JSON.stringify(tried));
  assert.deepEqual([...reached].sort(), [0, 1, 2]);
});

test("the balls of a part enclose its splats, and come no nearer to any place than is told", () => {
  let pairs = 0;
  for (let round = 0; round < 500; round++) {
    const store = new SplatStore(40);
    const wide = 10 ** (-4 * share());
    const cell = store.add("a", cellAlong(direction(), 10 ** (2 * share() - 2), wide, 40), round % 2 === 0);
    const from = cameraSomewhere().position;
    for (const { kind, balls } of new Extents().of(store, cell).parts) {
      if (balls.length === 2) pairs++;
      for (let at = cell.start; at < cell.start + cell.count; at++) {
        if (store.means[4 * at + 3] !== kind) continue;
        const place = placeOf(store, cell, at);
        const sigma = cell.points ? 0 : cell.unitM * Math.sqrt(store.covDiagonal[3 * at]);
        const end = add(place, scale(direction(), 3.5 * sigma));
        if (balls.length === 2) assert.ok(distanceTo(balls, end) < 1e-7 * length(end));
        assert.ok(distanceTo(balls, from) < (1 + 1e-7) * length(sub(place, from)));
      }
    }
  }
  assert.ok(pairs > 500, String(pairs));
});

test("a cell beside the view is left out that its ball reaches into, and so is a child that is not shown", () => {
  const store = new SplatStore(40);
  const camera = new Camera();
  camera.fovDeg = 5;
  camera.look([1, 0, 0]);
  const cell = store.add("a", cellAlong(unit([1, 0.5, 0]), 0.05, 0, 40), true);
  const inView = frustumOf(camera, WIDTH, HEIGHT, 24);
  assert.ok(inView(cell.ball));
  const extents = new Extents();
  assert.deepEqual(extents.seen(inView, store, cell, camera.position), []);
  camera.look(unit([1, 0.5, 0]));
  const towards = frustumOf(camera, WIDTH, HEIGHT, 24);
  assert.ok(extents.seen(towards, store, cell, camera.position).length > 0);
  cell.weight = 0;
  cell.childWeights = new Float32Array(8);
  assert.deepEqual(extents.seen(towards, store, cell, camera.position), []);
});

test("what is known of a cell is forgotten when its splats are written", () => {
  const store = new SplatStore(40);
  const cell = store.add("a", cellAlong([1, 0, 0], 0.01, 0, 40), true);
  const extents = new Extents();
  const ahead = (side: number) => {
    const camera = new Camera();
    camera.look([side, 0, 0]);
    return extents.seen(frustumOf(camera, WIDTH, HEIGHT, 0), store, cell, [0, 0, 0]).length;
  };
  assert.ok(ahead(1) > 0 && ahead(-1) === 0);
  for (let i = 0; i < 40; i++) store.means[4 * i] -= (2 * cell.origin[0]) / cell.unitM;
  extents.forget(store.cells, [{ start: 0, end: 1 }]);
  assert.ok(ahead(1) === 0 && ahead(-1) > 0);
});

test("extents take no splat from those that are drawn anew beside the camera", () => {
  let near = 0;
  for (let round = 0; round < 200; round++) {
    const store = new SplatStore(60);
    for (let i = 0; i < 3; i++) {
      const cell = cellAlong(direction(), 0.3, 0, 20);
      const farthest = Math.max(
        ...Array.from(cell.means, (value, k) => Math.abs(value * cell.unitM + cell.origin[k % 3])),
      );
      const means = cell.means.map((value, k) => (value * cell.unitM + cell.origin[k % 3]) / farthest);
      store.add("a", { ...cell, origin: [0, 0, 0], unitM: farthest, fromSun: true, means }, true);
    }
    const camera = placeOf(store, [...store.cells][0], random(20)).map((value) => value * (0.85 + 0.3 * share()));
    const [one, other] = [new NearSplats(), new NearSplats()];
    one.gather(store, camera as unknown as Vec3);
    other.gather(store, camera as unknown as Vec3, new Extents());
    assert.equal(other.count, one.count);
    assert.deepEqual(other.means, one.means);
    near += one.count;
  }
  assert.ok(near > 100);
});

test("what is in view and beside the camera is that of the cells as they are, however they came, moved and went", () => {
  const [store, extents, camera] = [new SplatStore(4000), new Extents(), cameraSomewhere()];
  const cells: StoredCell[] = [];
  const counts = { seen: 0, near: 0, left: 0 };
  for (let round = 0; round < 300; round++) {
    const change = random(4);
    const one = cells[random(cells.length)];
    if (change === 0 && cells.length < 90) {
      cells.push(store.add("a", cellAlong(direction(), 0.3, 10 ** (-4 * share()), 40), round % 2 === 0));
    } else if (change === 1 && one) {
      one.ball = { ...one.ball, centre: scale(direction(), length(one.ball.centre)) };
      one.reach = 1 + share();
      store.moved(one);
    } else if (change === 2 && cells.length > 5) {
      store.remove(cells.splice(cells.indexOf(one), 1)[0]);
    } else if (one) {
      const place = placeOf(store, one, one.start + random(40));
      camera.position = scale(place, 1 + (round % 3) * 1e-3 * share());
      camera.look(direction());
    }
    const inView = frustumOf(camera, WIDTH, HEIGHT, 24);
    const found = extents.inView(store, inView);
    assert.deepEqual(
      found,
      cells.filter(({ ball }) => inView(ball)),
    );
    const [without, anew] = [new NearSplats(), new NearSplats()];
    without.gather(store, camera.position);
    anew.gather(store, camera.position, extents);
    assert.deepEqual([anew.count, anew.means], [without.count, without.means]);
    counts.seen += found.length;
    counts.left += cells.length - found.length;
    counts.near += without.count;
  }
  assert.ok(counts.seen > 500 && counts.left > 500 && counts.near > 100, JSON.stringify(counts));
});
