/** Fades go as fast as they may without being seen: by the light that is worked out here for two stars. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Folder } from "../src/http.ts";
import { SplatStore } from "../src/splat_store.ts";
import { allLight } from "../src/tree/all_light.ts";
import { Contrast } from "../src/tree/contrast.ts";
import { FADE_MS, Fades } from "../src/tree/fades.ts";
import type { TreeNode } from "../src/tree/node.ts";
import { openTree } from "../src/tree/pack.ts";
import type { Vec3 } from "../src/vec.ts";
import { VIEW, open, packServer } from "./packs.ts";
import { fullTree, swapOf } from "./trees.ts";

const FRAME_MS = 1000 / 60;
const CAMERA: Vec3 = [0, 0, 0];

/** A star that comes and a proxy that goes, 90 degrees from it, of the same light, in a picture whose mean block has 1. */
function swap(light: number, capacity = Infinity) {
  const view = VIEW();
  const blocks = (4 * Math.PI * view.camera.focalPx(view.height) ** 2) / 32 ** 2; // of the whole sky
  const store = new SplatStore(10);
  const { root, child } = swapOf(store, [10, 0, 0], [0, 10, 0], light);
  const [fades, contrast] = [new Fades(root, () => capacity), new Contrast(store)];
  const step = () => {
    contrast.begin(view, null, blocks);
    return fades.step(FRAME_MS, 1, contrast);
  };
  return { child, fades, step };
}

/** The weights of a fade, frame by frame. */
function fade({ child, step }: ReturnType<typeof swap>): number[] {
  const weights = [0];
  for (let moving = true; moving; weights.push(child.opened)) moving = step();
  return weights;
}

test("a bright star comes and goes by no more than 0.7 % a frame of its block and the mean one", () => {
  for (const light of [0.5, 1.5, 4]) {
    const weights = fade(swap(light));
    const steps = weights.slice(1).map((weight, i) => ({ from: weights[i], step: weight - weights[i] }));
    for (const { from, step } of steps) {
      assert.ok(step >= 0 && step * light <= 0.007 * (1 + from * light) * (1 + 1e-5));
      assert.ok(step * light <= 0.007 * (1 + (1 - from) * light) * (1 + 1e-5));
    }
    // Each end of the fade is a geometric one: the slowest that is needed, and no slower.
    const least = (2 * Math.log(1 + light / 2)) / Math.log(1.007);
    assert.ok(weights.length > least - 2 && weights.length < 1.05 * least + 6, `${light}: ${weights.length}, ${least}`);
  }
});

test("what is not seen fades in thirty frames, and nothing slower than a thirtieth of that", () => {
  const frames = fade(swap(0.05)).length - 1;
  assert.ok(frames === 30 || frames === 31);
  const slow = fade(swap(1e9));
  const steps = slow.slice(1, -1).map((weight, i) => weight - slow[i]);
  assert.ok(slow.length < 902 && Math.abs(Math.min(...steps) - 1 / 900) < 1e-9);
});

test("near the budget what closes is slowed less", () => {
  for (const [share, rate] of [
    [0.5, 1 / 30],
    [0.9, 0.5],
    [0.99, 0.95],
  ]) {
    const { child, fades, step } = swap(1e9, 1 / share);
    child.opened = 1;
    fades.step(0, 1);
    assert.equal(fades.drawn, 1);
    child.wanted = false;
    step();
    assert.ok(Math.abs(((1 - child.opened) * FADE_MS) / FRAME_MS - rate) < 1e-6);
  }
});

test("whatever fades inside of what fades, weights stay shares", () => {
  const { root, nodes, store } = fullTree();
  const [fades, contrast] = [new Fades(root, () => Infinity), new Contrast(store)];
  const view = VIEW();
  view.camera.position = [30, 1, 2];
  for (const node of nodes) node.wanted = true;
  for (let frame = 0, moving = true; moving; frame++) {
    contrast.begin(view, null, 1e-3);
    moving = fades.step(FRAME_MS, 1, contrast);
    assert.ok(frame < 4000);
    for (const node of nodes) assert.ok(node.opened >= 0 && node.opened <= 1);
  }
  assert.ok(nodes.every(({ opened }) => opened === 1));
});

test("all light that comes to the Sun is that of the catalogue, and half the sky has its part", async () => {
  const { head } = await openTree(new Folder("", packServer()));
  const { source } = await open(packServer());
  const { content } = (source as unknown as { root: TreeNode }).root;
  assert.ok(content);
  const light = (sign: number) => allLight(content, source.store, CAMERA, ({ centre }) => sign * centre[0] > 0);
  const [all, front, back] = [allLight(content, source.store, CAMERA), light(1), light(-1)];
  assert.ok(Math.abs(all / head.light - 1) < 0.01); // proxies' magnitudes are rounded
  assert.ok(front > 0 && back > 0 && Math.abs((front + back) / all - 1) < 1e-12);
});
