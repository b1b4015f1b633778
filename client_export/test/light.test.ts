/** Light is neither made nor lost between near and far pass, between stars and splats, or by storing a splat. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ballOf } from "../src/grid.ts";
import { layerWeight, isWanted } from "../src/layers.ts";
import { NEAR_CAPACITY, NearSplats } from "../src/near.ts";
import { SplatStore } from "../src/splat_store.ts";
import { length, sub } from "../src/vec.ts";
import { cellOf, splatAt } from "./cells.ts";

/** Exact stars, and splats from afar. */
const LAYERS = [
  { from: 0, to: 5.5 },
  { from: 4.5, to: Infinity },
];
const ORIGIN = [6e19, 6.4e19, 4.8e19] as const;

test("the layers' weights add up to one at every distance", () => {
  for (let radii = 0; radii < 10; radii += 0.005) {
    const weights = [0, 1].map((layer) => layerWeight(LAYERS, layer, [true, true], radii));
    assert.ok(Math.abs(weights[0] + weights[1] - 1) < 1e-12);
    if (weights[0] > 0) assert.ok(isWanted(LAYERS, 0, [true, true], radii));
    if (weights[1] > 0) assert.ok(isWanted(LAYERS, 1, [true, true], radii));
  }
  assert.equal(layerWeight(LAYERS, 0, [true, true], 4.45), 1);
  assert.equal(layerWeight(LAYERS, 0, [true, true], 5.55), 0);
  assert.equal(layerWeight(LAYERS, 0, [true, false], 50), 1);
});

test("positions are kept to the bit, as unit is a power of two", () => {
  const position = [Math.fround(1.2345678e17), Math.fround(-9.8765432e16), Math.fround(3.3e9)];
  const store = new SplatStore(1);
  const stored = store.add("stars/a", cellOf([splatAt(position)], ORIGIN, 2e17), true);
  const back = [...store.means.subarray(0, 3)].map((value) => value * stored.unitM);
  assert.deepEqual(back, position);
});

test("a covariance is R diag(s^2) R'", () => {
  // 90 degrees about z: x goes to y.
  const half = Math.SQRT1_2;
  const splat = [0, 0, 0, 3, 2, 1, 0, 0, half, half, 1, 1, 1, 1];
  const store = new SplatStore(2);
  const { unitM } = store.add("universe/a", cellOf([splat, splatAt([8, 0, 0])], ORIGIN, 10), false);
  const variances = [...store.covDiagonal.subarray(0, 3)].map((value) => value * unitM ** 2);
  [4, 9, 1].forEach((expected, axis) => assert.ok(Math.abs(variances[axis] - expected) < 1e-5));
  store.covOff.subarray(0, 3).forEach((value) => assert.ok(Math.abs(value) < 1e-7));
});

test("near splats lie exactly where float64 has them, and share their light with the far pass", () => {
  const unitM = 2 ** 57;
  const store = new SplatStore(2);
  store.add("stars/a", cellOf([splatAt([0.25 * unitM, 0, 0], 1e12), splatAt([unitM, 0, 0])], ORIGIN, unitM), true);
  const near = new NearSplats();
  for (const distance of [1e9, 1e13, 0.07 * unitM, 0.085 * unitM, 0.095 * unitM]) {
    const camera = [ORIGIN[0] + 0.25 * unitM, ORIGIN[1] + distance, ORIGIN[2]] as const;
    near.gather(store, camera);
    assert.equal(near.count, 1);
    const expected = sub([ORIGIN[0] + 0.25 * unitM, ORIGIN[1], ORIGIN[2]], camera);
    expected.forEach((value, axis) => assert.ok(Math.abs(near.means[axis] - value / length(expected)) < 1e-7));
    // The shader's smoothstep, which the far pass multiplies by.
    const t = Math.max(0, Math.min(1, (distance / unitM - near.fade[0]) / (near.fade[1] - near.fade[0])));
    assert.ok(Math.abs(near.light[0] / store.light[0] + t * t * (3 - 2 * t) - 1) < 1e-4);
  }
  near.gather(store, [ORIGIN[0] + 0.25 * unitM, ORIGIN[1] + 0.2 * unitM, ORIGIN[2]]);
  assert.equal(near.count, 0);
});

test("more near splats than there is room for: the nearest are taken, and the others left to the far pass", () => {
  const many = Array.from({ length: NEAR_CAPACITY + 500 }, (_, i) => splatAt([1000 * (i + 1), 0, 0]));
  const unitM = 2 ** 30;
  const store = new SplatStore(many.length + 1);
  store.add("stars/a", cellOf([...many, splatAt([unitM, 0, 0])], [0, 0, 0], unitM), true);
  const near = new NearSplats();
  near.gather(store, [0, 0, 0]);
  assert.equal(near.count, NEAR_CAPACITY);
  assert.ok(Math.abs(near.fade[1] * unitM - 1000 * (NEAR_CAPACITY + 1)) < 1);
});

test("more splats than announced are refused", () => {
  assert.throws(
    () => new SplatStore(1).add("stars/a", cellOf([splatAt([0, 0, 0]), splatAt([1, 0, 0])], ORIGIN, 1), true),
    /stars\/a: more splats/,
  );
});

test("the ball of a cell holds the cell", () => {
  const grid = { r_min: 4.6e10, log_base: 2, n_theta: 64, n_phi: 32 };
  for (const id of [
    { l: 0, theta: 0, phi: 0 },
    { l: 20, theta: 33, phi: 16 },
    { l: 31, theta: 63, phi: 31 },
  ]) {
    const { centre, radius } = ballOf(id, grid);
    for (const [a, b, c] of [
      [0, 0, 0],
      [1, 1, 1],
      [0.5, 0.3, 0.9],
      [1, 0.5, 0.5],
    ]) {
      const r = grid.r_min * 2 ** (id.l + a);
      const longitude = ((id.theta + b) / 64) * 2 * Math.PI - Math.PI;
      const colatitude = ((id.phi + c) / 32) * Math.PI;
      const flat = r * Math.sin(colatitude);
      const point = [flat * Math.cos(longitude), flat * Math.sin(longitude), r * Math.cos(colatitude)] as const;
      assert.ok(length(sub(point, centre)) <= radius * 1.001);
    }
  }
});
