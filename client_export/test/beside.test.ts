/** Who flies to a star finds it, however little light its cell gives. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nearestIn } from "../src/tree/beside.ts";
import type { CellId } from "../src/v2/cell_id.ts";
import { R_MIN } from "../src/v2/quantities.ts";
import { type Vec3, length, sub } from "../src/vec.ts";
import { VIEW, open, packServer } from "./packs.ts";
import { randomFrom } from "./random.ts";

const AU = 1.495978707e11;

/** The place of coordinates within the cell, shares of 0 to 1. */
function placeIn({ depth, l, theta, phi }: CellId, share: Vec3): Vec3 {
  const r = R_MIN * 2 ** ((64 * (l + share[0])) / 2 ** (depth + 1));
  const longitude = (2 * Math.PI * (theta + share[1])) / 2 ** (depth + 1) - Math.PI;
  const colatitude = (Math.PI * (phi + share[2])) / 2 ** depth;
  return [
    r * Math.sin(colatitude) * Math.cos(longitude),
    r * Math.sin(colatitude) * Math.sin(longitude),
    r * Math.cos(colatitude),
  ];
}

test("the nearest place in a cell is one's own within it, and beside it is as near as any, to a sixth of its size", () => {
  const random = randomFrom(23);
  const share = () => random(1 << 20) / (1 << 20);
  for (let round = 0; round < 300; round++) {
    const depth = 7 + random(6);
    const cell = { depth, l: random(2 ** (depth + 1)), theta: random(2 ** (depth + 1)), phi: random(2 ** depth) };
    const inside = placeIn(cell, [share(), share(), share()]);
    assert.ok(length(sub(nearestIn(cell, inside), inside)) < 1e-9 * length(inside));
    const middle = placeIn(cell, [0.5, 0.5, 0.5]);
    const size = length(sub(placeIn(cell, [1, 1, 1]), placeIn(cell, [0, 0, 0])));
    const camera = middle.map((value) => value + 3 * size * (share() - 0.5)) as unknown as Vec3;
    let nearest = Infinity;
    for (let i = 0; i <= 12; i++) {
      for (let j = 0; j <= 12; j++) {
        for (let k = 0; k <= 12; k++) {
          nearest = Math.min(nearest, length(sub(placeIn(cell, [i / 12, j / 12, k / 12]), camera)));
        }
      }
    }
    assert.ok(Math.abs(length(sub(nearestIn(cell, camera), camera)) - nearest) < size / 6);
  }
});

test("a star is there for who comes to it, also where its cell has less light than is worth opening", async () => {
  const whole = await open(packServer());
  await whole.source.settle(VIEW());
  const stars: Vec3[] = [];
  for (const { points, start, count, origin, unitM } of whole.source.store.cells) {
    const { means } = whole.source.store;
    for (let at = start; points && at < start + count; at++) {
      stars.push([0, 1, 2].map((axis) => origin[axis] + unitM * means[4 * at + axis]) as unknown as Vec3);
    }
  }
  assert.equal(stars.length, 1600);
  for (let number = 0; number < stars.length; number += 53) {
    const star = stars[number];
    const { source, problems } = await open(packServer());
    source.budget = { splats: 1e6, bytes: 1e6, share: 0.01 };
    const view = VIEW();
    view.camera.position = star.map((value) => value * (1 - (100 * AU) / length(star))) as unknown as Vec3;
    await source.settle(view);
    let nearest = Infinity;
    for (const { points, weight, start, count, origin, unitM } of source.store.cells) {
      for (let at = start; points && weight === 1 && at < start + count; at++) {
        const place = origin.map((value, axis) => value + unitM * source.store.means[4 * at + axis]);
        nearest = Math.min(nearest, length(sub(place as unknown as Vec3, star)));
      }
    }
    assert.ok(nearest < 1e-6 * length(star), `star ${number}: the nearest that is shown is ${nearest} m from it`);
    assert.ok(source.state.drawn < 1600);
    assert.deepEqual(problems, []);
  }
});
