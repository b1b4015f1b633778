/** A cell is drawn into every target that takes one of its splats: passing over the others saves time and no light. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SplatStore } from "../src/splat_store.ts";
import { lastTarget, wholeOf } from "../src/seen.ts";
import type { Vec3 } from "../src/vec.ts";
import { cellOf, splatAt } from "./cells.ts";
import { randomFrom } from "./random.ts";

const TARGETS = [{ from: 0 }, { from: 4 }, { from: 16 }];
const FOCAL = 800;

test("no splat of a cell is wider than what its last target takes", () => {
  const random = randomFrom(11);
  const share = () => random(1 << 20) / (1 << 20);
  const reached = new Set<number>();
  for (let round = 0; round < 2000; round++) {
    const store = new SplatStore(8);
    const size = 10 ** (6 * share() - 6);
    const splats = Array.from({ length: 8 }, () => {
      const at: Vec3 = [share() - 0.5, share() - 0.5, share() - 0.5];
      return splatAt(at, size * share());
    });
    const cell = store.add("a", cellOf(splats, [0, 0, 0], 0.5), false);
    const far = 10 ** (3 * share() - 1);
    const from: Vec3 = [far * share(), far * share(), far * share()];
    const last = lastTarget(TARGETS, wholeOf(cell, from), FOCAL);
    reached.add(last);
    for (let at = cell.start; at < cell.start + cell.count; at++) {
      const offset = from.map((value, axis) => store.means[4 * at + axis] * cell.unitM + cell.origin[axis] - value);
      const variance = (store.covDiagonal[3 * at] + store.covDiagonal[3 * at + 1] + store.covDiagonal[3 * at + 2]) / 3;
      const widthPx = (FOCAL * cell.unitM * Math.sqrt(variance)) / Math.hypot(...offset);
      assert.ok(widthPx < (TARGETS[last + 1]?.from ?? Infinity), `${widthPx} px, but the last target is ${last}`);
    }
  }
  assert.deepEqual([...reached].sort(), [0, 1, 2]);
});

test("points are drawn into the first alone, from wherever they are seen", () => {
  const store = new SplatStore(1);
  const cell = store.add("a", cellOf([splatAt([0, 0, 0])], [0, 0, 0], 0.5), true);
  assert.equal(lastTarget(TARGETS, wholeOf(cell, [0, 0, 0]), FOCAL), 0);
  assert.equal(lastTarget(TARGETS, wholeOf(cell, [1e9, 0, 0]), FOCAL), 0);
});
