/**
 * The view turns as the phone does, whatever way up its screen is.
 *
 * Phones are held here by three axes of their own in space, from which the angles that a browser would tell are taken apart as the
 * W3C's Device Orientation defines them: Z-X'-Y'', beta from -180 to 180 and gamma from -90 to 90 degrees.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Camera } from "../src/camera.ts";
import { Gyro } from "../src/gyro/gyro.ts";
import { pointingOf } from "../src/gyro/orientation.ts";
import { raDecOf, towards } from "../src/sky.ts";
import { type Vec3, add, cross, scale } from "../src/vec.ts";
import { randomFrom } from "./random.ts";

const DEGREE = Math.PI / 180;
const SCREENS = [0, 90, 180, 270];
const close = (found: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(found - expected) <= tolerance, `${found} is not ${expected} within ${tolerance}`);
/** The same angle within half a turn, degrees. */
const wrapped = (angle: number) => angle - 360 * Math.round(angle / 360);

/** What is told of a phone whose back points to a heading and a height, rolled clockwise, degrees; x is east, z up. */
function held(heading: number, height: number, roll = 0, screen = 0) {
  const [h, e, r, s] = [heading, height, roll, screen].map((angle) => angle * DEGREE);
  const ahead: Vec3 = [Math.sin(h) * Math.cos(e), Math.cos(h) * Math.cos(e), Math.sin(e)];
  const level: Vec3 = [Math.cos(h), -Math.sin(h), 0];
  const over = cross(level, ahead);
  const right = add(scale(level, Math.cos(r)), scale(over, -Math.sin(r)));
  const up = cross(right, ahead);
  const x = add(scale(right, Math.cos(s)), scale(up, Math.sin(s)));
  const y = add(scale(right, -Math.sin(s)), scale(up, Math.cos(s)));
  const z = scale(ahead, -1);
  const flip = z[2] < 0 ? -1 : 1;
  const beta = flip > 0 ? Math.asin(y[2]) : Math.PI - Math.asin(y[2]);
  return {
    alpha: Math.atan2(-flip * y[0], flip * y[1]) / DEGREE,
    beta: beta / DEGREE,
    gamma: Math.atan2(-flip * x[2], flip * z[2]) / DEGREE,
  };
}

test("a phone points where its back does, at every angle of its screen", () => {
  const upright = pointingOf(0, 90, 0, 0);
  close(upright.heading, 0, 1e-12);
  close(upright.height, 0, 1e-12);
  const random = randomFrom(3);
  for (let round = 0; round < 500; round++) {
    const [heading, height] = [random(360), random(120) - 60];
    const screen = SCREENS[random(4)];
    const { alpha, beta, gamma } = held(heading, height, random(60) - 30, screen);
    const found = pointingOf(alpha, beta, gamma, screen);
    close(wrapped(found.heading / DEGREE - heading), 0, 1e-6);
    close(found.height / DEGREE, height, 1e-6);
  }
});

test("over the head and under the feet the heading goes on, by the side of the screen", () => {
  for (const screen of SCREENS) {
    for (const heading of [0, 77, 200]) {
      // Upright, at height 0, alpha and gamma are not two angles.
      for (let height = -89.75; height <= 89.75; height += 0.5) {
        const { alpha, beta, gamma } = held(heading, height, 0, screen);
        close(wrapped(pointingOf(alpha, beta, gamma, screen).heading / DEGREE - heading), 0, 1e-6);
      }
    }
  }
});

function looking() {
  const camera = new Camera();
  camera.upName = "equatorial";
  camera.look(towards(80, 10));
  let drawn = 0;
  const gyro = new Gyro({ camera, invalidate: () => drawn++ });
  return { camera, gyro, drawn: () => drawn, look: () => raDecOf(camera.forward) };
}

test("the view turns by what the phone does, and back; a drag is added", () => {
  for (const screen of SCREENS) {
    const { camera, gyro, look } = looking();
    gyro.move(held(350, 5, 2, screen), screen);
    close(look().ra, 80, 1e-9); // the first position is that of the view
    gyro.move(held(20, 25, -3, screen), screen);
    close(look().ra, 50, 1e-6); // right ascensions grow to the left
    close(look().dec, 30, 1e-6);
    camera.turn(10 * DEGREE, -5 * DEGREE);
    gyro.move(held(350, 5, 0, screen), screen);
    close(look().ra, 70, 1e-6);
    close(look().dec, 5, 1e-6);
  }
});

test("what is raised beyond the pole comes back as much later", () => {
  const { gyro, look } = looking();
  gyro.move(held(0, -40), 0);
  gyro.move(held(0, 60), 0);
  assert.ok(look().dec > 89.9);
  gyro.move(held(0, 50), 0);
  assert.ok(look().dec > 89.9);
  gyro.move(held(0, -40), 0);
  close(look().dec, 10, 1e-6);
});

test("a hand at rest draws nothing, and slow turns are not lost", () => {
  const { gyro, drawn, look } = looking();
  for (let step = 0; step < 100; step++) gyro.move(held(0.01 * (step % 2), 5), 0);
  assert.equal(drawn(), 0);
  for (let step = 0; step <= 1000; step++) gyro.move(held(0.01 * step, 5), 0);
  close(look().ra, 70, 0.03);
  assert.ok(drawn() < 400);
  gyro.move({ alpha: null, beta: null, gamma: null }, 0);
  gyro.begin();
  gyro.move(held(200, 5), 0);
  close(look().ra, 70, 0.03);
});
