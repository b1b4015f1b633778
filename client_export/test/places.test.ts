/** Splats come and go in a store: whatever the order, each cell's stay its own, and a copy that follows the changes is right. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Places, FreePlaces, merged } from "../src/places.ts";
import { OWN, SplatStore, type StoredCell } from "../src/splat_store.ts";
import { cellOf, splatAt } from "./cells.ts";
import { randomFrom } from "./random.ts";

const numbersOf = (ranges: Places[]) =>
  ranges.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i));

test("merged ranges hold each place of the ranges once, in order, and do not touch", () => {
  const random = randomFrom(1);
  for (let round = 0; round < 500; round++) {
    const ranges = Array.from({ length: random(8) }, () => {
      const start = random(40);
      return { start, end: start + 1 + random(10) };
    });
    const before = structuredClone(ranges);
    const result = merged(ranges);
    assert.deepEqual(ranges, before);
    assert.deepEqual(
      numbersOf(result),
      [...new Set(numbersOf(ranges))].sort((a, b) => a - b),
    );
    result.slice(1).forEach(({ start }, at) => assert.ok(start > result[at].end));
  }
});

test("places are taken once, from the front, and all are free again when all were given back", () => {
  const random = randomFrom(2);
  const places = new FreePlaces(50);
  const owner = new Array<number>(50).fill(-1);
  const taken: [number, number][] = [];
  for (let round = 0; round < 2000; round++) {
    if (random(5) < 3) {
      const count = 1 + random(9);
      const start = places.take(count);
      const fits = (at: number) => owner.slice(at, at + count).every((value) => value < 0);
      const first = [...owner.keys()].find((at) => at + count <= 50 && fits(at)) ?? null;
      assert.equal(start, first);
      if (start === null) continue;
      owner.fill(round, start, start + count);
      taken.push([start, count]);
    } else if (taken.length > 0) {
      const [[start, count]] = taken.splice(random(taken.length), 1);
      places.free(start, count);
      owner.fill(-1, start, start + count);
    }
  }
  for (const [start, count] of taken) places.free(start, count);
  assert.equal(places.take(50), 0);
  assert.equal(places.take(1), null);
});

test("a copy of the arrays that is told the changes shows the splats of the cells that are there, and no others", () => {
  const random = randomFrom(3);
  const [capacity, maxCells] = [60, 7];
  const store = new SplatStore(capacity);
  const copy = { means: new Float32Array(4 * capacity), light: new Float32Array(3 * capacity) };
  const there: { cell: StoredCell; tau: number; count: number }[] = [];
  for (let round = 1; round <= 1500; round++) {
    if (there.length < maxCells && random(2) === 0) {
      const count = 1 + random(8);
      const splats = Array.from({ length: count }, () => [...splatAt([1, 2, 3]).slice(0, 13), round]);
      there.push({ cell: store.add("a", cellOf(splats, [0, 0, 0], 4), true), tau: round, count });
    } else if (there.length > 0) {
      const [{ cell }] = there.splice(random(there.length), 1);
      store.remove(cell);
    }
    if (random(3) > 0) continue;
    for (const { start, end } of store.takeChanges()) {
      copy.means.set(store.means.subarray(4 * start, 4 * end), 4 * start);
      copy.light.set(store.light.subarray(3 * start, 3 * end), 3 * start);
    }
    assert.deepEqual(new Set(there.map(({ cell }) => cell)), store.cells);
    const taken = new Set<number>();
    for (const { cell, tau, count } of there) {
      assert.equal(cell.count, count);
      for (let at = cell.start; at < cell.start + count; at++) {
        assert.ok(at < store.end && !taken.has(at));
        taken.add(at);
        assert.equal(copy.light[3 * at], tau);
        assert.equal(copy.means[4 * at + 3], OWN);
      }
    }
    assert.equal(
      store.count,
      there.reduce((sum, { count }) => sum + count, 0),
    );
  }
  store.takeChanges();
  assert.deepEqual(store.takeChanges(), []);
});

test("a cell without splats takes no place, also where none is left", () => {
  const store = new SplatStore(1);
  store.add("a", cellOf([splatAt([0, 0, 0])], [0, 0, 0], 4), true);
  const empty = store.add("b", cellOf([], [0, 0, 0], 4), true);
  store.remove(empty);
  assert.deepEqual([store.count, store.takeChanges()], [1, [{ start: 0, end: 1 }]]);
});

test("what has no room is refused, and room is made by taking away", () => {
  const store = new SplatStore(3);
  const two = cellOf([splatAt([0, 0, 0]), splatAt([1, 0, 0])], [0, 0, 0], 4);
  const one = cellOf([splatAt([0, 0, 0])], [0, 0, 0], 4);
  const first = store.add("a", two, true);
  assert.throws(() => store.add("b", two, true), /b: more splats than the index files announce \(3\)/);
  store.remove(first);
  store.add("b", two, true);
  store.add("c", one, true);
  assert.equal(store.tryAdd(one, true), null);
});
