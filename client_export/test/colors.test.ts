/**
 * Colours of pack v2, Rice codes around a colour of the block: those of the shared vectors (`tests/data/v2`) come back, a
 * colour that cannot be is refused. One may take a single bit, so what is believed of a count is tried here too.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type CellId, ROOT } from "../src/v2/cell_id.ts";
import { decodeTile } from "../src/v2/tile.ts";

const read = (name: string) => new Uint8Array(readFileSync(new URL(`../../tests/data/v2/${name}`, import.meta.url)));
const EXPECTED = JSON.parse(new TextDecoder().decode(read("expected.json"))).colors as {
  cell: number[];
  stars: number[];
  proxies: number[];
}[];
const COLORED = EXPECTED.map(({ cell: [depth, l, theta, phi] }): CellId => ({ depth, l, theta, phi }));

test("colours of any spread are those from which the blocks were made", () => {
  decodeTile(read("colors.tile"), COLORED, "colors.tile").forEach(({ stars, proxies }, i) => {
    assert.deepEqual([...stars.color], EXPECTED[i].stars);
    assert.deepEqual([...proxies.color], EXPECTED[i].proxies);
  });
});

/** The bits of a number, the least significant first. */
const numberOf = (value: number, width: number) => [...value.toString(2).padStart(width, "0")].reverse().join("");

/** The root's block of a star, with a reference colour and what is in place of the Rice code of its colour. */
function blockOfStar(reference: number, code: string): Uint8Array {
  const bits = numberOf(11000, 16) + "0000" + numberOf(reference, 7) + "0000" + "0".repeat(23 + 23 + 25) + code;
  const bytes = bits.match(/.{1,8}/g) as RegExpMatchArray;
  return Uint8Array.of(1, 0, 0, ...bytes.map((byte) => parseInt([...byte].reverse().join(""), 2)));
}

test("a colour outside 0 to 127 is refused", () => {
  const escaped = (value: number) => "1".repeat(24) + numberOf(value, 16);
  const sound: [reference: number, code: string, color: number][] = [
    [127, "0", 127],
    [1, "10", 0],
    [125, "11110", 127],
    [0, escaped(254), 127],
  ];
  for (const [reference, code, color] of sound) {
    assert.deepEqual([...decodeTile(blockOfStar(reference, code), [ROOT], "tile")[0].stars.color], [color]);
  }
  const outside: [reference: number, code: string][] = [
    [127, "110"],
    [0, "10"],
    [1, "1110"],
    [1, escaped(254)],
    [64, escaped(65535)],
  ];
  for (const [reference, code] of outside) {
    const decode = () => decodeTile(blockOfStar(reference, code), [ROOT], "tile");
    assert.throws(decode, /^SiteError: tile is damaged: the block of cell \S+ has a colour outside 0 to 127$/);
  }
});

test("a count is believed only where so many records can be", () => {
  const cell: CellId = { depth: 20, l: 0, theta: 0, phi: 0 };
  const whole = read("colors.tile");
  const block = whole.slice(whole.length - 15); // six stars in the fewest bits: 31 + 6 x 9 + 6 + 5
  assert.equal(decodeTile(block, [cell], "tile")[0].stars.count, 6);
  for (const count of [[7], [100], [255, 127], [128, 128, 128, 128, 64]]) {
    for (let kind = 0; kind < 3; kind++) {
      const counts = [0, 1, 2].flatMap((each) => (each === kind ? count : [0]));
      const bytes = Uint8Array.of(...counts, ...block.subarray(3));
      const decode = () => decodeTile(bytes, [kind ? { ...cell, depth: 15 } : cell], "tile");
      assert.throws(decode, /^SiteError: tile is damaged: .* ends too early$/, String(counts));
    }
  }
});
