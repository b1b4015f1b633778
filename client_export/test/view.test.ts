/** Directions, links, flights and units. Directions are held against astropy 8 (BarycentricMeanEcliptic, J2000). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Camera } from "../src/camera.ts";
import { Flight } from "../src/flight.ts";
import { formatDistance, formatSpeed } from "../src/lengths.ts";
import { AU_M, PARSEC_M, raDecOf, towards } from "../src/sky.ts";
import { dot, length, slerp, sub, unit } from "../src/vec.ts";
import { applyViewState, formatViewState, parseViewState } from "../src/view_state.ts";

const close = (found: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(found - expected) <= tolerance, `${found} is not ${expected} within ${tolerance}`);

test("Orion's belt, where astropy has it", () => {
  const expected = [0.10797559762120366, 0.903585292436619, -0.4145779656597461];
  towards(83.8, -1.2).forEach((value, axis) => close(value, expected[axis], 1e-15));
  const back = raDecOf(towards(350.25, 71.5));
  close(back.ra, 350.25, 1e-12);
  close(back.dec, 71.5, 1e-12);
});

test("a link gives the view back, at any distance", () => {
  for (const position of [
    [0, 0, 0],
    [1.2345678901234567e17, -3, 9.9e25],
  ] as const) {
    const camera = new Camera();
    camera.position = [...position];
    camera.fovDeg = 33.5;
    camera.look(towards(200.5, 40.25));
    const again = new Camera();
    const state = parseViewState(formatViewState(camera, -2.5));
    applyViewState(state, again);
    assert.deepEqual(again.position, camera.position);
    assert.equal(again.fovDeg, 33.5);
    assert.equal(state.ev, -2.5);
    close(dot(again.forward, camera.forward), 1, 1e-15);
  }
});

test("a link gives the date of the stars back, and has none at the sky's own", () => {
  for (const date of ["2026-11-29", "-9000", "12000.25", "next & week"]) {
    assert.equal(parseViewState(formatViewState(new Camera(), 0, "", date)).date, date);
  }
  assert.ok(!formatViewState(new Camera(), 0).includes("t="));
});

test("what a link says wrongly is left out, what is too much is held back", () => {
  assert.deepEqual(parseViewState("?pos=1,2", "#look=a,b&fov=&up=sideways&ev=1e999"), {});
  assert.deepEqual(parseViewState("?fov=500&ev=2", "#ev=99&up=equatorial"), { fov: 120, ev: 30, up: "equatorial" });
  assert.deepEqual(parseViewState("#pos=1e400,0,0&look=NaN,0&fov=Infinity&up=toString"), {});
  assert.deepEqual(parseViewState("#pos=1e308,-1e308,1e-320&fov=0").pos, [1e27, -1e27, 1e-320]);
});

test("the camera keeps its horizon, even at the poles", () => {
  const camera = new Camera();
  for (const direction of [
    [0, 0, 1],
    [0, 0, -1],
    [1e-9, 0, 1],
  ] as const) {
    camera.look(direction);
    const { right, up, forward } = camera.basis();
    for (const axis of [right, up, forward]) close(length(axis), 1, 1e-12);
    close(right[2], 0, 1e-12);
    assert.ok(dot(forward, direction) > 0.999999);
  }
  camera.look([1, 0, 0]);
  camera.turn(0, 10);
  assert.ok(camera.forward[2] > 0.99999 && camera.forward[0] > 0);
  camera.look([1, 0, 0]);
  camera.turn(Math.PI / 2, 0);
  close(camera.forward[1], -1, 1e-12); // right of +x, seen with +z up
});

test("a flight closes in evenly and ends looking at its goal", () => {
  const camera = new Camera();
  camera.look([1, 0, 0]);
  const goal = [0, 3 * PARSEC_M, 0] as const;
  const flight = new Flight(camera, () => goal, 1e12);
  let before = Infinity;
  for (let elapsed = 0; ; elapsed += 0.05) {
    const arrived = flight.step(elapsed);
    const distance = length(sub(goal, camera.position));
    assert.ok(distance <= before * (1 + 1e-12));
    before = distance;
    if (arrived) break;
    assert.ok(elapsed < 10);
  }
  close(before / (1e12 / (0.5 * Math.tan(Math.PI / 6))), 1, 1e-12);
  close(dot(camera.forward, unit(sub(goal, camera.position))), 1, 1e-12);
});

test("a flight survives its own goal as a start, and a goal right behind", () => {
  const camera = new Camera();
  new Flight(camera, () => [0, 0, 0], 7e8).jump();
  assert.ok(camera.position.every(Number.isFinite));
  for (const t of [0, 0.3, 1]) close(length(slerp([1, 0, 0], [-1, 0, 0], t)), 1, 1e-12);
});

test("lengths and speeds in the unit that suits", () => {
  assert.equal(formatDistance(2.637 * PARSEC_M), "2.64 pc · 8.6 ly");
  assert.equal(formatDistance(AU_M), "1 au");
  assert.equal(formatDistance(8178 * PARSEC_M), "8.18 kpc · 26,700 ly");
  assert.equal(formatDistance(703e3 * PARSEC_M), "703 kpc · 2.29 million ly");
  assert.equal(formatSpeed(299_792_458), "300,000 km/s");
  assert.equal(formatSpeed(2 * PARSEC_M), "2 pc/s");
});
