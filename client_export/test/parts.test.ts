/** The parts of a leaf that was trained as a whole: where they fade, what is loaded of them, and when. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type CellId, ancestorOf, ballOf } from "../src/grid.ts";
import { Loader } from "../src/loader.ts";
import { openSite } from "../src/site.ts";
import { type Vec3, length, sub } from "../src/vec.ts";
import { encodeCell, splatAt } from "./cells.ts";
import { layersOf, manifestOf, serverOf } from "./sites.ts";

const GRID = { r_min: 4.6e10, log_base: 2, n_theta: 64, n_phi: 32 };
const SPLAT_ONLY = { l: 16, theta: 40, phi: 8 };
const STAR_ONLY = { l: 23, theta: 47, phi: 15 };
const LEVELS = 3;
const LEAF = ballOf({ l: 2, theta: 5, phi: 1 }, { ...GRID, log_base: 256, n_theta: 8, n_phi: 4 });

/** A site whose universe has the one part of a leaf, and whose stars have the other. */
function siteOf(levels: number | undefined): typeof fetch {
  const files = manifestOf([
    { folder: "stars", format: "v1", radii: [0, 5.5] },
    { folder: "universe", format: "v1", radii: [4.5, null] },
  ]);
  for (const [layer, id] of [
    ["universe", SPLAT_ONLY],
    ["stars", STAR_ONLY],
  ] as const) {
    const bytes = encodeCell([splatAt([0, 0, 0])], { id });
    const file_name = `${id.l}_${id.theta}_${id.phi}.bin`;
    const trained = layer === "universe";
    const listed = { id, file_name, splat_count: 1, file_size_bytes: bytes.length, trained, levels_up: levels };
    const totals = { version: 1, total_splats: 1, total_size_bytes: bytes.length };
    const packed = { pack_file: "cells.pack.bin", cells: [{ file_name, offset: 0, size: bytes.length }] };
    files.set(`${layer}/index.json`, JSON.stringify({ ...totals, config: GRID, cells: [listed] }));
    files.set(`${layer}/cells.pack.json`, JSON.stringify({ ...totals, ...packed }));
    files.set(`${layer}/cells.pack.bin`, bytes.slice());
  }
  return serverOf(files);
}

/** What is loaded, as `layer/cell`, of a site seen from each of the places in turn. */
async function loadedFrom(...places: Vec3[]): Promise<string[][]> {
  const found: string[] = [];
  const site = await layersOf(siteOf(LEVELS));
  const loader = new Loader(site, {
    onCell: (layer, { name }) => found.push(`${site.layers[layer].folder}/${name}`),
    onError: (message) => assert.fail(message),
    onProgress: () => {},
  });
  const seen: string[][] = [];
  for (const place of places) {
    await loader.load(place);
    seen.push([...found]);
  }
  return seen;
}

const away = (radii: number): Vec3 => [LEAF.centre[0] + radii * LEAF.radius, LEAF.centre[1], LEAF.centre[2]];

test("the ancestor of a cell is the one whose eight children, and theirs, hold it", () => {
  for (const id of [SPLAT_ONLY, STAR_ONLY] satisfies CellId[]) {
    const [leaf, grid] = ancestorOf(id, GRID, LEVELS);
    assert.deepEqual(leaf, { l: 2, theta: 5, phi: 1 });
    assert.deepEqual(grid, { r_min: 4.6e10, log_base: 256, n_theta: 8, n_phi: 4 });
    const part = ballOf(id, GRID);
    assert.ok(length(sub(part.centre, LEAF.centre)) < LEAF.radius);
    assert.ok(part.radius < LEAF.radius);
  }
  assert.deepEqual(ancestorOf(STAR_ONLY, GRID, 0), [STAR_ONLY, GRID]);
});

test("parts fade by their leaf's ball, which reading them does not change", async () => {
  const site = await layersOf(siteOf(LEVELS));
  const ignore = { onCell: () => {}, onError: assert.fail, onProgress: () => {} };
  await new Loader(site, ignore).load(away(5));
  assert.deepEqual(
    site.cells.map(({ name, ball, part }) => ({ name, ball, part })),
    ["16_40_8", "23_47_15"].map((name) => ({ name, ball: LEAF, part: true })),
  );
});

test("near the leaf only its stars are loaded, far away only its splats, and the rest when it is needed", async () => {
  const [near, between] = await loadedFrom(away(2), away(5));
  assert.deepEqual(near, ["stars/23_47_15"]);
  assert.deepEqual(between, ["stars/23_47_15", "universe/16_40_8"]);
  const [far] = await loadedFrom(away(9));
  assert.deepEqual(far, ["universe/16_40_8"]);
});

test("stars of a cell that the universe lacks are refused where they are no part", async () => {
  await assert.rejects(
    (await openSite("", siteOf(undefined))).open(),
    /stars has cell 23_47_15, but no layer has it from afar: pack the site again/,
  );
  await assert.rejects(
    (await openSite("", siteOf(6))).open(),
    /cell 0: "levels_up" is 6, more than the levels of the grid/,
  );
});
