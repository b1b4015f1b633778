/**
 * Damage of packs v1: with the checksums that Helios writes beside them, none is shown; without, what splats may be tells most
 * of it. A layer of stars, or a cell, may be missing.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SiteError } from "../src/errors.ts";
import { Folder } from "../src/http.ts";
import { Loader } from "../src/loader.ts";
import { V1 } from "../src/v1.ts";
import { checkSplats, parseChecksums } from "../src/v1_checks.ts";
import { decodeFile } from "../src/v1_file.ts";
import { crc32 } from "../src/v2/crc32.ts";
import { encodeCell } from "./cells.ts";
import { layersOf, manifestOf, serverOf } from "./sites.ts";

const random = (() => {
  let seed = 7;
  return (below: number) => Math.floor(((seed = (seed * 48271) % 2147483647) / 2147483647) * below);
})();
const between = (low: number, high: number) => low + ((high - low) * random(1e6)) / 1e6;

/** Twenty stars in a box of 2e16 m, of many magnitudes. */
const CELL = encodeCell(
  Array.from({ length: 20 }, () => {
    const place = [0, 1, 2].map(() => between(-1e16, 1e16));
    const color = [1, between(0.3, 1), between(0.3, 1)];
    const sigma = 10 ** between(12, 14);
    return [...place, sigma, sigma, sigma, 0, 0, 0, 1, ...color, between(0.1, 0.95)];
  }),
  {
    bounds: {
      min: { x: 0.9e17, y: -2.1e17, z: 2.9e17 },
      max: { x: 1.1e17, y: -1.9e17, z: 3.1e17 },
      centroid: { x: 1e17, y: -2e17, z: 3e17 },
    },
  },
);
const GRID = { r_min: 4.6e10, log_base: 2, n_theta: 64, n_phi: 32 };
const NAME = "7_8_9.bin";

/** The files of a pack of that one cell. */
function packOf(bytes: Uint8Array, folder: string): Map<string, BodyInit> {
  const totals = { version: 1, total_size_bytes: bytes.length };
  const id = { l: 7, theta: 8, phi: 9 };
  const cells = [{ id, file_name: NAME, splat_count: 20, file_size_bytes: bytes.length, trained: false }];
  const index = JSON.stringify({ ...totals, config: GRID, total_splats: 20, cells });
  const packed = [{ file_name: NAME, offset: 0, size: bytes.length }];
  const list = JSON.stringify({ ...totals, pack_file: "cells.pack.bin", cells: packed });
  const encoded = new TextEncoder();
  const sums = Object.entries({
    [NAME]: CELL,
    "index.json": encoded.encode(index),
    "cells.pack.json": encoded.encode(list),
  });
  return new Map<string, BodyInit>([
    [`${folder}index.json`, index],
    [`${folder}cells.pack.json`, list],
    [`${folder}cells.pack.bin`, bytes as BodyInit],
    [
      `${folder}cells.pack.sfv`,
      sums.map(([name, file]) => `${name} ${crc32(file).toString(16).padStart(8, "0").toUpperCase()}\n`).join(""),
    ],
  ]);
}

test("of a pack with checksums no flipped bit passes", async () => {
  const pack = await V1.open(new Folder("p/", serverOf(packOf(CELL, "p/"))), "cells.pack.sfv");
  assert.equal((await pack.decode(pack.cells[0], CELL)).count, 20);
  for (let bit = 0; bit < 8 * CELL.length; bit++) {
    const spoilt = CELL.slice();
    spoilt[bit >> 3] ^= 1 << (bit & 7);
    await assert.rejects(pack.decode(pack.cells[0], spoilt), /p\/7_8_9\.bin/);
  }
});

test("the lists have checksums too", async () => {
  for (const name of ["index.json", "cells.pack.json"]) {
    const files = packOf(CELL, "p/");
    files.set(`p/${name}`, (files.get(`p/${name}`) as string).replace('"version":1', '"version": 1'));
    await assert.rejects(
      V1.open(new Folder("p/", serverOf(files)), "cells.pack.sfv"),
      new RegExp(`p/${name} is damag`),
    );
    await V1.open(new Folder("p/", serverOf(files)));
  }
  assert.throws(() => parseChecksums("a.bin 1A2B3C4\n", "s.sfv"), /s\.sfv is damaged: line 1/);
});

test("without checksums few flipped bits that change the light of a cell by 1 % pass, and most of all that were", () => {
  const lightOf = (splats: Float32Array): number => {
    let light = 0;
    for (let at = 0; at < splats.length; at += 14) {
      const [, , , sx, sy, sz, , , , , red, green, blue, opacity] = splats.subarray(at, at + 14);
      light += (red + green + blue) * opacity * Math.cbrt(sx * sy * sz) ** 2;
    }
    return light;
  };
  const [sound, bits] = [lightOf(decodeFile(CELL, NAME).splats), 8 * CELL.length];
  const wrong = { decoded: 0, checked: 0, most: 0 };
  for (let bit = 0; bit < bits; bit++) {
    const spoilt = CELL.slice();
    spoilt[bit >> 3] ^= 1 << (bit & 7);
    try {
      const { splats, bounds } = decodeFile(spoilt, NAME);
      const light = lightOf(splats);
      if (Math.abs(light - sound) < 0.01 * sound) continue;
      wrong.decoded++;
      checkSplats(splats, bounds, true, NAME);
      wrong.checked++;
      wrong.most = Math.max(wrong.most, light / sound);
    } catch (reason) {
      assert.ok(reason instanceof SiteError);
    }
  }
  assert.ok(wrong.decoded > 0.06 * bits);
  assert.ok(wrong.checked < 0.025 * bits);
  assert.ok(wrong.most < 2); // the brightest star is not doubled
});

/** A site of a layer of stars and one for any distance, of the same cell. */
function siteOf(): Map<string, BodyInit> {
  const layers = [
    { folder: "stars", format: "v1", radii: [0, 5.5] },
    { folder: "universe", format: "v1", radii: [4.5, null] },
  ];
  return new Map([...manifestOf(layers), ...packOf(CELL, "stars/"), ...packOf(CELL, "universe/")]);
}

async function loaded(fetcher: typeof fetch) {
  const site = await layersOf(fetcher);
  const [found, told]: string[][] = [[], []];
  let mended = 0;
  const loader = new Loader(site, {
    onCell: (layer, cell) => {
      cell.shown[layer] = true;
      found.push(site.layers[layer].folder);
    },
    onError: (message) => told.push(message),
    onMended: () => mended++,
    onProgress: () => {},
  });
  await loader.load([1e17, -2e17, 3e17]);
  return { site, loader, found, told, mended: () => mended };
}

test("a layer of stars may be missing, the one that goes on for ever may not", async () => {
  const without = (file: string) => {
    const files = siteOf();
    files.delete(file);
    return serverOf(files);
  };
  for (const file of ["stars/index.json", "stars/cells.pack.json"]) {
    const { site, found, told } = await loaded(without(file));
    assert.deepEqual([found, told], [["universe"], []]);
    assert.deepEqual(site.problems, [`${file} cannot be read: the server answered HTTP 404`]);
  }
  const { found, told } = await loaded(without("stars/cells.pack.bin"));
  assert.deepEqual(found, ["universe"]);
  assert.deepEqual(told, ["stars/cells.pack.bin cannot be read: the server answered HTTP 404"]);
  await assert.rejects(loaded(without("universe/index.json")), /universe\/index\.json cannot be read/);
});

test("a cell that cannot be reached is shown from afar, asked for again, and told until it comes", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let down = true;
  const server = serverOf(siteOf());
  const { loader, found, told, mended } = await loaded(async (url, init) =>
    down && String(url) === "stars/cells.pack.bin" ? new Response("", { status: 503 }) : server(url, init),
  );
  assert.deepEqual(
    [found, told],
    [["universe"], ["stars/cells.pack.bin cannot be read: the server answered HTTP 503"]],
  );
  const second = async () => {
    t.mock.timers.tick(1000);
    for (let turn = 0; turn < 30; turn++) await new Promise((done) => setImmediate(done));
  };
  for (let i = 0; i < 3; i++) await second();
  assert.equal(told.length, 1);
  const before = mended();
  down = false;
  loader.retry();
  await second();
  assert.deepEqual(found, ["universe", "stars"]);
  assert.equal(mended(), before + 1);
});
