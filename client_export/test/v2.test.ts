/**
 * The decoders of pack v2 find in the shared vectors (`tests/data/v2`) what Python's found, lead back to the float64
 * sources, and name every damage.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { crc32 as zlibCrc32, deflateSync } from "node:zlib";
import { SiteError } from "../src/errors.ts";
import { type CellId, ROOT, childrenOf, nameOf } from "../src/v2/cell_id.ts";
import { checkCrc, crc32 } from "../src/v2/crc32.ts";
import { decodeGlow, texelDirection } from "../src/v2/glow.ts";
import { type Head, decodeHead } from "../src/v2/head.ts";
import { type IndexCell, type Page, type TilePlace, decodePage, tilesOf } from "../src/v2/index.ts";
import { magnitudeOf } from "../src/v2/quantities.ts";
import {
  DISTANCES,
  IDS,
  MOTION,
  decodeDistances,
  decodeIds,
  decodeMotion,
  sideBlockRange,
  sidesOf,
  type Side,
} from "../src/v2/side.ts";
import { type CellContent, type Shaped, type Stars, decodeTile } from "../src/v2/tile.ts";

const FOLDER = new URL("../../tests/data/v2/", import.meta.url);
const read = (name: string) => new Uint8Array(readFileSync(new URL(name, FOLDER)));

interface Contents {
  star_offsets: number[];
  star_places: number[][];
  star_mags: number[];
  star_colors: number[];
  proxy_offsets: number[];
  proxy_places: number[][];
  proxy_children: number[];
  proxy_mags: number[];
  proxy_sigmas: number[];
  proxy_colors: number[];
  shaped_offsets: number[];
  shaped_places: number[][];
  shaped_mags: number[];
  shaped_quats: number[][];
  shaped_rgb: number[][];
}

interface Expected {
  stars: number;
  light: number;
  sky_stars: number;
  glow: number[];
  palette: number[][];
  entries: { cell: number[]; mask: number; extent: number; errors: number[]; tile: number[]; page: number[] }[];
  sky: Contents;
  tiles: (Contents & { parent: number[]; offset: number; number: number; first_star: number; cells: number[][] })[];
}

const EXPECTED = JSON.parse(new TextDecoder().decode(read("expected.json"))) as Expected;
const HEAD = decodeHead(read("head.bin"), "head.bin");
const SHARD = read("tiles-00000.bin");
const FIRST_ID = 1n << 60n;

const indices = ({ depth, l, theta, phi }: CellId) => [depth, l, theta, phi];

/** Asserts that numbers agree to `relative` of the expected. */
function assertNear(found: ArrayLike<number>, expected: readonly number[], relative: number, what: string): void {
  assert.equal(found.length, expected.length, what);
  for (let i = 0; i < expected.length; i++) {
    const off = Math.abs(found[i] - expected[i]);
    assert.ok(off <= relative * Math.abs(expected[i]), `${what} ${i}: ${found[i]}, must be ${expected[i]}`);
  }
}

/** Asserts that places [N, 3] are the expected to 1e-12 of their distance: both sides compute in float64. */
function assertPlaces(found: Float64Array, expected: readonly number[][], what: string): void {
  expected.forEach((place, i) => {
    const off = Math.hypot(...place.map((value, axis) => found[3 * i + axis] - value));
    assert.ok(off <= 1e-12 * Math.hypot(...place), `${what} ${i}: ${found.subarray(3 * i, 3 * i + 3)}, not ${place}`);
  });
}

const joined = (parts: ArrayLike<number>[]): number[] => parts.flatMap((part) => Array.from(part));
const offsetsOf = (parts: { count: number }[]): number[] =>
  parts.reduce((offsets, { count }) => [...offsets, (offsets.at(-1) ?? 0) + count], [0]);

function assertContents(found: CellContent[], expected: Contents): void {
  const stars = found.map((cell): Stars => cell.stars);
  const shown = expected.star_mags.length;
  assert.deepEqual(offsetsOf(stars), expected.star_offsets);
  assertPlaces(Float64Array.from(joined(stars.map(({ place }) => place))), expected.star_places, "star");
  assert.deepEqual(joined(stars.map(({ mag }) => mag)).slice(0, shown), expected.star_mags);
  assert.deepEqual(joined(stars.map(({ color }) => color)).slice(0, shown), expected.star_colors);
  const proxies = found.map((cell) => cell.proxies);
  assert.deepEqual(offsetsOf(proxies), expected.proxy_offsets);
  assertPlaces(Float64Array.from(joined(proxies.map(({ place }) => place))), expected.proxy_places, "proxy");
  assert.deepEqual(joined(proxies.map(({ child }) => child)), expected.proxy_children);
  assert.deepEqual(joined(proxies.map(({ mag }) => mag)), expected.proxy_mags);
  assertNear(joined(proxies.map(({ sigma }) => sigma)), expected.proxy_sigmas, 1e-12, "sigma");
  assert.deepEqual(joined(proxies.map(({ color }) => color)), expected.proxy_colors);
  const shaped = found.map((cell): Shaped => cell.shaped);
  assert.deepEqual(offsetsOf(shaped), expected.shaped_offsets);
  assertPlaces(Float64Array.from(joined(shaped.map(({ place }) => place))), expected.shaped_places, "splat");
  assert.deepEqual(joined(shaped.map(({ mag }) => mag)), expected.shaped_mags);
  const quats = joined(shaped.map(({ quat }) => quat));
  assert.equal(quats.length, 4 * expected.shaped_quats.length);
  expected.shaped_quats.flat().forEach((value, i) => assert.ok(Math.abs(quats[i] - value) < 1e-6, `quat ${i}`));
  assert.deepEqual(joined(shaped.map(({ rgb }) => rgb)), expected.shaped_rgb.flat());
}

/** Every page of the pack with its parent and the place of its tiles. */
function pages(): { parent: IndexCell; page: Page; tiles: TilePlace[] }[] {
  const found = [{ parent: HEAD.root, page: HEAD.page, tiles: tilesOf(HEAD.page, HEAD.root, 0, 0) }];
  for (const { page } of found) {
    for (const parent of page.cells) {
      if (!parent.page) continue;
      const { shard, offset, length, crc } = parent.page;
      const bytes = SHARD.subarray(offset, offset + length);
      checkCrc(bytes, crc, "page");
      const below = decodePage(bytes, parent, "page");
      found.push({ parent, page: below, tiles: tilesOf(below, parent, shard, offset + length) });
    }
  }
  return found;
}

const tileBytes = ({ tile, offset }: TilePlace) => SHARD.subarray(offset, offset + tile.length);
const cellsOf = ({ cell }: TilePlace) => childrenOf(cell.id, cell.childMask);

test("CRC-32 is zlib's, whole and in parts", () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7919) >> 3);
  for (let length = 0; length < 40; length++) {
    const part = bytes.subarray(length, 1000 - 3 * length);
    assert.equal(crc32(part), zlibCrc32(part));
    assert.equal(crc32(part.subarray(length), crc32(part.subarray(0, length))), zlibCrc32(part));
  }
});

test("the head and the pages say what is in the pack", () => {
  assert.deepEqual(sidesOf(HEAD.sides), [IDS, MOTION, DISTANCES]);
  assert.deepEqual(sidesOf(0b101), [IDS, DISTANCES]);
  assert.equal(HEAD.stars, EXPECTED.stars);
  assert.equal(HEAD.light, EXPECTED.light);
  assert.equal(HEAD.sky.stars, EXPECTED.sky_stars);
  [0, 63, 126].forEach((index, i) => {
    const found = HEAD.palette.subarray(3 * index, 3 * index + 3);
    EXPECTED.palette[i].forEach((value, channel) => assert.ok(Math.abs(found[channel] - value) < 2e-4));
  });
  assert.deepEqual([...HEAD.palette.subarray(381)], [1, 1, 1]);
  const cells = pages().flatMap(({ page }) => page.cells);
  assert.equal(cells.length, EXPECTED.entries.length);
  cells.forEach((cell, i) => {
    const expected = EXPECTED.entries[i];
    assert.deepEqual(indices(cell.id), expected.cell);
    assert.equal(cell.childMask, expected.mask);
    assertNear([cell.extent], [expected.extent], 1e-12, "extent");
    if (cell.extent) assertNear(cell.errors, expected.errors, 1e-6, "error");
    assert.deepEqual(cell.tile && [cell.tile.length, cell.tile.stars, cell.tile.crc], expected.tile);
    const { page } = cell;
    assert.deepEqual(page && [page.shard, page.offset, page.length, page.crc], expected.page);
  });
});

test("the sky and every tile hold what they should", () => {
  assertContents(decodeTile(read("sky.bin"), [ROOT], "sky.bin"), EXPECTED.sky);
  const tiles = pages().flatMap((page) => page.tiles);
  assert.equal(tiles.length, EXPECTED.tiles.length);
  tiles.forEach((place, i) => {
    const expected = EXPECTED.tiles[i];
    assert.deepEqual(indices(place.cell.id), expected.parent);
    const { offset, number, firstStar } = place;
    assert.deepEqual([offset, number, firstStar], [expected.offset, expected.number, expected.first_star]);
    checkCrc(tileBytes(place), place.tile.crc, "tile");
    assert.deepEqual(cellsOf(place).map(indices), expected.cells);
    assertContents(decodeTile(tileBytes(place), cellsOf(place), "tile"), expected);
  });
  assert.equal(nameOf(tiles[0].cell.id), "-1_0_0_0");
});

/** The records of a kind of side file: of the sky, and of every tile. */
function sideRecords<T>(
  side: Side,
  decode: (data: Uint8Array, stars: number, tileCrc: number, what: string) => T,
): T[] {
  const [sky, shard] = ["sky", "00000"].map((stem) => `${side.name}-${stem}.bin`);
  const places = pages().flatMap(({ tiles }) => tiles);
  return [
    decode(read(sky), HEAD.sky.stars, HEAD.sky.crc, sky),
    ...places.map(({ tile, firstStar, number }) => {
      const { offset, length } = sideBlockRange(side, firstStar, number, tile.stars);
      return decode(read(shard).subarray(offset, offset + length), tile.stars, tile.crc, shard);
    }),
  ];
}

test("motion and distances are those of the stars with these identifiers", () => {
  const rows = sideRecords(IDS, decodeIds).map((ids) => Array.from(ids, (id) => Number(id - FIRST_ID)));
  const motion = sideRecords(MOTION, decodeMotion);
  const distances = sideRecords(DISTANCES, decodeDistances);
  rows.forEach((own, i) => {
    assert.deepEqual(
      [...motion[i]],
      own.flatMap((row) => [row, -2 * row, row / 4]),
    );
    const expected = own.flatMap((row) => (row % 7 === 0 ? [NaN, NaN] : [row + 0.25, row + 0.5]));
    assert.deepEqual([...distances[i]], expected);
  });
  assert.equal(rows.flat().length, EXPECTED.stars);
});

test("every star comes back once, within 0.1 arcsec, 1e-6 of its distance and 5 mmag of its source", () => {
  const source = new Float64Array(read("sources.f64").buffer);
  const places = pages().flatMap(({ tiles }) => tiles);
  const cells = [
    decodeTile(read("sky.bin"), [ROOT], "sky.bin"),
    ...places.map((place) => decodeTile(tileBytes(place), cellsOf(place), "tile")),
  ];
  const parts = sideRecords(IDS, decodeIds).map((ids, i): [Stars[], BigUint64Array] => [
    cells[i].map(({ stars }) => stars),
    ids,
  ]);
  const seen = new Set<number>();
  for (const [cells, own] of parts) {
    const place = joined(cells.map((cell) => cell.place));
    const mag = joined(cells.map((cell) => cell.mag));
    own.forEach((id, i) => {
      const row = Number(id - FIRST_ID);
      seen.add(row);
      const [x, y, z, g] = source.subarray(4 * row, 4 * row + 4);
      const [px, py, pz] = place.slice(3 * i, 3 * i + 3);
      const across = Math.hypot(y * pz - z * py, z * px - x * pz, x * py - y * px);
      const arcsec = (Math.atan2(across, x * px + y * py + z * pz) * 180 * 3600) / Math.PI;
      assert.ok(arcsec <= 0.1, `row ${row}: ${arcsec} arcsec`);
      const distance = Math.hypot(px, py, pz) / Math.hypot(x, y, z) - 1;
      assert.ok(Math.abs(distance) <= 1e-6, `row ${row}: distance off by ${distance}`);
      assert.ok(Math.abs(magnitudeOf(mag[i]) - g) <= 0.005 + 1e-9, `row ${row}: ${mag[i]} for ${g}`);
    });
  }
  assert.equal(seen.size, EXPECTED.stars);
});

test("the glow map comes back, and its directions are those of its texels", async () => {
  const light = await decodeGlow(read("glow.bin"), HEAD.glow, "glow.bin");
  assertNear(light, EXPECTED.glow, 1e-6, "texel");
  assert.deepEqual(texelDirection(0, 1), [-1, 0, 0]);
  assert.deepEqual(texelDirection(3, 1), [0, 1, 0]);
  const [x, y, z] = texelDirection(6 * 64 - 1, 8);
  assert.ok(x > 0 && x === y && z > x && Math.abs(Math.hypot(x, y, z) - 1) < 1e-15);
});

/** Asserts that `decode` refuses with a SiteError that begins with `what`. */
function assertRefused(decode: () => unknown, what: string, message: string): void {
  assert.throws(decode, (reason) => reason instanceof SiteError && reason.message.startsWith(what), message);
}

test("every changed byte of head, page, tile, sky and side block is noticed and named", () => {
  const { parent, tiles } = pages()[1];
  const { offset, length, crc } = parent.page as NonNullable<IndexCell["page"]>;
  const [first] = tiles;
  const { stars, crc: skyCrc } = HEAD.sky;
  const sides = { ids: decodeIds, motion: decodeMotion, distances: decodeDistances };
  const checked: [string, Uint8Array, (bytes: Uint8Array) => unknown][] = [
    ["head.bin", read("head.bin"), (bytes) => decodeHead(bytes, "head.bin")],
    ["page", SHARD.subarray(offset, offset + length), (bytes) => checkCrc(bytes, crc, "page")],
    ["tile", tileBytes(first), (bytes) => checkCrc(bytes, first.tile.crc, "tile")],
    ["sky.bin", read("sky.bin"), (bytes) => checkCrc(bytes, HEAD.sky.crc, "sky.bin")],
    ...Object.entries(sides).map(([name, decode]): (typeof checked)[number] => [
      name,
      read(`${name}-sky.bin`),
      (bytes) => decode(bytes, stars, skyCrc, name),
    ]),
  ];
  for (const [what, bytes, check] of checked) {
    check(bytes);
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at] ^= 1 + (at % 255);
      assertRefused(() => check(damaged), what, `${what}, byte ${at}`);
    }
    for (const length of [0, 1, bytes.length >> 1, bytes.length - 1]) {
      assertRefused(() => check(bytes.subarray(0, length)), what, `${what}, ${length} bytes`);
    }
  }
  for (const [name, decode] of Object.entries(sides)) {
    const bytes = read(`${name}-sky.bin`);
    assertRefused(() => decode(bytes, stars, skyCrc + 1, name), `${name} is damaged`, "another tile's");
  }
});

test("side files that the viewer does not know, and none of identifiers, are told in one line", () => {
  for (const bits of [0b1001, 0b110, 0b11111111, 0]) {
    const bytes = read("head.bin");
    bytes[55] = bits;
    new DataView(bytes.buffer).setUint32(8, crc32(bytes.subarray(12)), true);
    assertRefused(() => decodeHead(bytes, "head.bin"), `head.bin is damaged: side files ${bits}`, `bits ${bits}`);
  }
});

test("damage of the glow map is named", async () => {
  const whole = read("glow.bin");
  const sized = (bytes: Uint8Array): Head["glow"] => ({ ...HEAD.glow, length: bytes.length, crc: crc32(bytes) });
  const refused = (bytes: Uint8Array, glow: Head["glow"]) =>
    assert.rejects(
      decodeGlow(bytes, glow, "glow.bin"),
      (reason) => reason instanceof SiteError && /^glow\.bin is damaged/.test(reason.message),
    );
  await refused(whole.slice(1), HEAD.glow);
  for (let at = 0; at < whole.length; at += 7) {
    const damaged = whole.slice();
    damaged[at] ^= 64;
    await refused(damaged, HEAD.glow);
  }
  for (const bytes of [whole.slice(0, 100), new Uint8Array(9), new Uint8Array(deflateSync(new Uint8Array(385)))]) {
    await refused(bytes, sized(bytes));
  }
  await refused(new Uint8Array(deflateSync(new Uint8Array(1e7))), sized(deflateSync(new Uint8Array(1e7))));
});

/** Numbers in [0, 1) that are the same in every run: mulberry32. */
function randomOf(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

test("damage that no CRC sees is an error with a name, or other records of no more bytes", () => {
  const { parent, tiles } = pages()[1];
  const pointer = parent.page as NonNullable<IndexCell["page"]>;
  const place = tiles[0];
  const sound = (contents: CellContent[], bytes: Uint8Array) => {
    for (const { stars, proxies } of contents) {
      assert.ok(11 * stars.count + 12 * proxies.count <= 8 * bytes.length);
      assert.ok(stars.place.every(Number.isFinite) && proxies.sigma.every(Number.isFinite));
    }
  };
  const rightCrc = (bytes: Uint8Array) => {
    new DataView(bytes.buffer).setUint32(8, crc32(bytes.subarray(12)), true);
    return bytes;
  };
  const kinds: [string, Uint8Array, (bytes: Uint8Array) => unknown][] = [
    ["tile", tileBytes(place), (bytes) => sound(decodeTile(bytes, cellsOf(place), "tile"), bytes)],
    ["page", SHARD.subarray(pointer.offset, place.offset), (bytes) => decodePage(bytes, parent, "page")],
    ["head.bin", read("head.bin"), (bytes) => decodeHead(bytes.length < 12 ? bytes : rightCrc(bytes), "head.bin")],
  ];
  for (const [what, whole, decode] of kinds) {
    const random = randomOf(7);
    const below = (n: number) => Math.floor(n * random());
    let refused = 0;
    for (let round = 0; round < 1000; round++) {
      let bytes = whole.slice();
      for (let n = 1 + below(3); n > 0; n--) bytes[below(random() < 0.5 ? bytes.length : 40)] = below(256);
      if (random() < 0.2) bytes = bytes.slice(0, below(bytes.length));
      try {
        decode(bytes);
      } catch (reason) {
        assert.ok(reason instanceof SiteError, String(reason));
        assert.ok(reason.message.startsWith(what) && !reason.message.includes("\n"), reason.message);
        refused++;
      }
    }
    assert.ok(refused > 100, `${what}: ${refused} refused`);
  }
});
