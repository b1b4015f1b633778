/**
 * The exposure that the eye finds shows as many stars as it should, whatever their light, burns no crowd out, and is
 * reached and then kept. Expected light is that of the law, E Omega f^2 / 2 pi eps at a star's middle.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Camera } from "../src/camera.ts";
import { exposureAt } from "../src/exposure.ts";
import { Eye, limitOf } from "../src/eye.ts";
import { AU_M, PARSEC_M } from "../src/sky.ts";
import { SplatStore } from "../src/splat_store.ts";
import type { Vec3 } from "../src/vec.ts";
import { cellOf, splatAt } from "./cells.ts";
import { randomFrom } from "./random.ts";

const [WIDTH, HEIGHT] = [1400, 800];
const FAR = 1e3 * PARSEC_M;
const OMEGA_0 = 7e-6;

interface Light {
  place: Vec3;
  /** Steradians at exposure 1. */
  omega: number;
}

/** A view along +x from `from`, of stars that give `lights` there. */
function sky(lights: readonly Light[], from: Vec3 = [0, 0, 0]) {
  const store = new SplatStore(Math.max(lights.length, 1));
  const splats = lights.map(({ place, omega }) => {
    const away = place.map((value, axis) => value - from[axis]);
    // By the law a splat of tau 0.5 gives pi sigma^2 / d^2.
    return splatAt(place, Math.sqrt((omega * Math.hypot(...away) ** 2) / Math.PI));
  });
  if (lights.length > 0) store.add("a", cellOf(splats, [0, 0, 0], 2 * FAR), true);
  const camera = new Camera();
  camera.position = from;
  const view = { camera, width: WIDTH, height: HEIGHT };
  return { eye: new Eye({ store, glow: null, glowWeight: 0 }), view, focal: camera.focalPx(HEIGHT) };
}

/** `count` stars evenly in the view, of magnitudes as many as there are in space, the faintest of `faintest`. */
function field(count: number, faintest: number, seed = 3): Light[] {
  const random = randomFrom(seed);
  const share = () => (random(1 << 20) + 0.5) / (1 << 20);
  return Array.from({ length: count }, () => {
    const [y, z] = [(share() - 0.5) * 2, share() - 0.5].map((tangent) => tangent * FAR);
    return { place: [FAR, y, z] as Vec3, omega: OMEGA_0 * 10 ** (-0.4 * (faintest + Math.log10(share()) / 0.6)) };
  });
}

const magnitudes = (lights: readonly Light[]) => lights.map(({ omega }) => -2.5 * Math.log10(omega / OMEGA_0));

test("as many stars are seen as in a dark place, of a deep catalogue and of one a million times fainter", () => {
  const found = [12, 27].map((faintest) => {
    const lights = field(30_000, faintest);
    const { eye, view, focal } = sky(lights);
    const limit = limitOf(exposureAt(eye.look(view)), focal);
    const seen = magnitudes(lights).filter((magnitude) => magnitude < limit).length;
    // 800 are meant; a sample of a field and bins of a twentieth of a magnitude know that to some percent.
    assert.ok(Math.abs(seen / ((WIDTH * HEIGHT) / 1400) - 1) < 0.15, `${seen} stars`);
    return limit;
  });
  assert.ok(Math.abs(found[1] - found[0] - 15) < 0.1, String(found));
});

test("also of stars that are all about as bright no more are seen", () => {
  const lights = field(8000, 9).map(({ place }, i) => ({ place, omega: OMEGA_0 * 10 ** (-0.4 * (8 + i / 8000)) }));
  const { eye, view, focal } = sky(lights);
  const limit = limitOf(exposureAt(eye.look(view)), focal);
  assert.ok(Math.abs(limit - 8.1) < 0.06, String(limit));
});

test("of few stars nearly all are seen, and of none the exposure is kept", () => {
  const lights = field(50, 6);
  const { eye, view, focal } = sky(lights);
  const ev = eye.look(view);
  const seen = magnitudes(lights).filter((magnitude) => magnitude < limitOf(exposureAt(ev), focal)).length;
  assert.ok(seen >= 44 && seen <= 50, `${seen} of 50`);
  view.camera.look([-1, 0, 0]);
  assert.equal(eye.look(view), ev);
  assert.equal(sky([]).eye.look(view), 0);
});

test("the limit is the magnitude of a star whose middle has 3 % of full light", () => {
  const exposure = exposureAt(2.5);
  const omega = OMEGA_0 * 10 ** (-0.4 * limitOf(exposure, 700));
  assert.ok(Math.abs((exposure * omega * 700 ** 2) / Math.PI - 0.03) < 1e-9);
});

test("a crowd that fills some blocks does not burn out", () => {
  const random = randomFrom(4);
  const share = () => random(1 << 20) / (1 << 20);
  // In 100 x 100 px each of 20,000 stars would have to be seen.
  const lights = Array.from({ length: 100_000 }, () => {
    const [y, z] = [0, 0].map(() => (share() - 0.5) * 0.144 * FAR);
    return { place: [FAR, y, z] as Vec3, omega: 1e-12 };
  });
  const { eye, view, focal } = sky(lights);
  const mean = (exposureAt(eye.look(view)) * 100_000 * 1e-12 * focal ** 2) / 100 ** 2;
  assert.ok(mean > 0.2 && mean <= 0.6, `mean light ${mean}`);
});

test("beside a star that is near all is darker, but not dark", () => {
  const lights = field(3000, 8);
  const plain = sky(lights);
  const without = plain.eye.look(plain.view);
  const glaring = sky([...lights, { place: [1e-3 * PARSEC_M, 0, 0], omega: OMEGA_0 * 10 ** (0.4 * 16) }]);
  const beside = without - glaring.eye.look(glaring.view);
  assert.ok(beside > 1 && beside < 5, `${beside} stops`);
  // So does the Sun, which no store has: from 1 au, and not from its own place, or looking away from it.
  const sun = sky(lights, [-AU_M, 0, 0]);
  assert.ok(without - sun.eye.look(sun.view) > 2);
  const behind = sky(lights, [AU_M, 0, 0]);
  assert.ok(Math.abs(without - behind.eye.look(behind.view)) < 0.1);
});

test("the eye is there at once at first, then comes closer, faster to more light, and stays", () => {
  const { eye, view } = sky(field(3000, 8));
  const goal = eye.follow(0, view, 1000, true, false);
  assert.notEqual(goal, 0);
  let now = 2000;
  const way = (from: number) => {
    let [ev, frames] = [from, 0];
    for (; frames < 2000; frames++) {
      const next = eye.follow(ev, view, (now += 16), true, false);
      assert.ok(Math.abs(next - goal) <= Math.abs(ev - goal));
      if (next === ev) break;
      ev = next;
    }
    assert.equal(ev, goal);
    return frames;
  };
  const [brighter, darker] = [way(goal + 4), way(goal - 4)];
  assert.ok(brighter > 60 && brighter < darker && darker < 1000, `${brighter} and ${darker} frames`);
  assert.equal(eye.follow(goal - 4, view, 1e5, true, true), goal);
});
