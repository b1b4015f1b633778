/** Ranges stand for the numbers in them: merging keeps these, whatever the order and overlap. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Range, merged } from "../src/gl/ranges.ts";

const numbersOf = (ranges: Range[]) =>
  ranges.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i));

test("merged ranges hold each number of the ranges once, in order, and do not touch", () => {
  let seed = 1;
  const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below; // Park and Miller 1993
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
