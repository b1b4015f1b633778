/**
 * What a site is made of is data: a format is one file and one line, a layer one line of `site.json`.
 *
 * The format of these tests is the smallest that can be: a text file, a line for each cell of one splat.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Camera } from "../src/camera.ts";
import { PACK_FORMATS } from "../src/formats.ts";
import { isWanted, layerWeight, parseLayers } from "../src/layers.ts";
import { Loader } from "../src/loader.ts";
import type { PackFormat, PackedCell } from "../src/pack_format.ts";
import { weightOf } from "../src/layered_site.ts";
import { openSite } from "../src/site.ts";
import { OWN, type StoredCell } from "../src/splat_store.ts";
import type { Vec3 } from "../src/vec.ts";
import { layersOf, manifestOf, serverOf } from "./sites.ts";

const RADIUS_M = 10;

/** `NAME TAU` in each line of `cells.txt`: a cell at the origin and its one splat's brightness. */
const LINES: PackFormat = {
  async open(folder) {
    const lines = new Map(
      (await folder.text("cells.txt")).split("\n").map((line) => line.split(" ") as [string, string]),
    );
    const ball = { centre: [0, 0, 0] as Vec3, radius: RADIUS_M };
    const cells = [...lines.keys()].map((name): PackedCell => ({ name, ball, part: false, points: true, size: 1 }));
    return {
      splatCount: cells.length,
      cells,
      read: async (wanted, onBytes) => wanted.forEach((cell) => onBytes(cell, new Uint8Array())),
      decode: async ({ name }) => {
        const [means, covOff] = [new Float32Array(3), new Float32Array(3)];
        const light = new Float32Array(3).fill(Number(lines.get(name)));
        const covDiagonal = Float32Array.of(1, 1, 1);
        return { origin: [0, 0, 0], unitM: 1, ball, count: 1, means, covDiagonal, covOff, light };
      },
    };
  },
};
PACK_FORMATS.set("lines", LINES);

const THREE = [
  { folder: "stars", format: "lines", radii: [0, 5.5] },
  { folder: "coarse", format: "lines", radii: [4.5, 40] },
  { folder: "far", format: "lines", radii: [30, null] },
];
const RANGES = parseLayers(THREE, "site.json");

/** A site of three layers, whose cell `a` is in all of them and `b` in the farthest alone. */
function threeLayers(log: string[] = []): typeof fetch {
  const files = manifestOf(THREE);
  files.set("stars/cells.txt", "a 1").set("coarse/cells.txt", "a 2").set("far/cells.txt", "a 3\nb 4");
  return serverOf(files, log);
}

test("a format that one line registers is opened, read and stored", async () => {
  const log: string[] = [];
  const source = await (await openSite("", threeLayers(log))).open();
  assert.deepEqual(log, ["site.json", ...THREE.map(({ folder }) => `${folder}/cells.txt`)]);
  const cells: StoredCell[] = [];
  const shown = source({
    onCell: (_, cell) => cells.push(cell),
    onError: (message) => assert.fail(message),
    onProgress: () => {},
    onChange: () => {},
  });
  const { store } = shown;
  const view = { camera: new Camera(), width: 800, height: 600 };
  await shown.settle(view);
  assert.deepEqual([...store.light.subarray(0, 6)], [1, 1, 1, 4, 4, 4]);
  assert.deepEqual([...store.means.subarray(0, 8)], [0, 0, 0, OWN, 0, 0, 0, OWN]);
  assert.equal(cells[0].points, true);
});

test("a third layer is loaded and shown within its range", async () => {
  const site = await layersOf(threeLayers());
  const shown = new Map<string, (from: Vec3) => number>();
  const loader = new Loader(site, {
    onCell: (layer, cell) => {
      cell.shown[layer] = true;
      shown.set(`${site.layers[layer].folder}/${cell.name}`, weightOf(site.layers, layer, cell));
    },
    onError: (message) => assert.fail(message),
    onProgress: () => {},
  });
  const at = (radii: number): Vec3 => [0, radii * RADIUS_M, 0];
  const seen: [number, string[]][] = [
    [1, ["far/b", "stars/a"]],
    [12, ["coarse/a", "far/b", "stars/a"]],
    [60, ["coarse/a", "far/a", "far/b", "stars/a"]],
  ];
  for (const [radii, names] of seen) {
    await loader.load(at(radii));
    assert.deepEqual([...shown.keys()].sort(), names);
  }
  const weights = (radii: number) =>
    ["stars/a", "coarse/a", "far/a", "far/b"].map((name) => shown.get(name)?.(at(radii)));
  assert.deepEqual(weights(2), [1, 0, 0, 1]);
  assert.deepEqual(weights(5), [0.5, 0.5, 0, 1]);
  assert.deepEqual(weights(12), [0, 1, 0, 1]);
  assert.deepEqual(weights(37.5), [0, 0.25, 0.75, 1]);
  assert.deepEqual(weights(60), [0, 0, 1, 1]);
});

test("frames from where nothing is lacking look through no cells, until there is something to ask for again", async () => {
  const { layers, cells, problems } = await layersOf(threeLayers());
  let [looked, here] = [0, new Error("gone") as Error | null];
  const site = {
    layers,
    problems,
    get cells() {
      looked++;
      return cells;
    },
  };
  const { read } = layers[0].pack;
  layers[0].pack.read = (...args) => (here ? Promise.reject(here) : read(...args));
  const found: string[] = [];
  const loader = new Loader(site, {
    onCell: (layer, { name }) => found.push(`${layers[layer].folder}/${name}`),
    onError: () => {},
    onProgress: () => {},
  });
  const place: Vec3 = [0, RADIUS_M, 0];
  for (let frame = 0; frame < 5; frame++) await loader.load(place);
  assert.ok(looked > 0 && !found.includes("stars/a"));
  const before = looked;
  for (let frame = 0; frame < 5; frame++) await loader.load(place);
  assert.equal(looked, before);
  here = null;
  loader.retry();
  await loader.load(place);
  assert.ok(found.includes("stars/a"));
  await loader.load([0, 60 * RADIUS_M, 0]);
  assert.ok(found.includes("far/a"));
});

test("whatever is loaded of three layers, its weights add up to one, and what will be shown is wanted", () => {
  for (let set = 1; set < 8; set++) {
    const shown = [0, 1, 2].map((layer) => (set & (1 << layer)) !== 0);
    const present = [0, 1, 2].filter((layer) => shown[layer]);
    for (let radii = 0; radii < 60; radii += 0.05) {
      const weights = present.map((layer) => layerWeight(RANGES, layer, shown, radii));
      assert.ok(weights.every((weight) => weight >= 0));
      assert.ok(Math.abs(weights.reduce((sum, weight) => sum + weight) - 1) < 1e-12);
      present.forEach((layer, at) => assert.ok(weights[at] === 0 || isWanted(RANGES, layer, shown, radii)));
    }
  }
});

test("where a layer cannot be read another stands for it: the next farther one, else the next nearer one", async () => {
  for (const [broken, radii, expected] of [
    ["coarse", 12, ["far/a", "far/b"]],
    ["far", 60, ["coarse/a"]],
  ] as const) {
    const site = await layersOf(threeLayers());
    for (const { folder, pack } of site.layers) {
      if (folder === broken) pack.read = () => Promise.reject(new Error(`${folder} is gone`));
    }
    const found: string[] = [];
    const errors: string[] = [];
    const loader = new Loader(site, {
      onCell: (layer, { name }) => found.push(`${site.layers[layer].folder}/${name}`),
      onError: (message) => errors.push(message),
      onProgress: () => {},
    });
    await loader.load([0, radii * RADIUS_M, 0]);
    assert.deepEqual(found.sort(), expected);
    assert.deepEqual(errors, [`${broken} is gone`]);
  }
});

test("a list of layers that cannot be is refused", async () => {
  const parse = (...layers: unknown[]) => parseLayers(layers, "site.json");
  const layer = (folder: string, ...radii: unknown[]) => ({ folder, format: "v1", radii });
  assert.deepEqual(parse(layer("a", 0)), [{ folder: "a", format: "v1", from: 0, to: Infinity }]);
  assert.throws(() => parseLayers(undefined, "site.json"), /site\.json: "layers" is not a list/);
  assert.throws(() => parse(), /site\.json lists no layers/);
  assert.throws(() => parse({ radii: [0, 1] }), /layer 0: "folder" is undefined/);
  assert.throws(() => parse(layer("a", 3, 2)), /layer 0: "radii" is \[3,2\], must be/);
  assert.throws(() => parse(layer("a", "0")), /layer 0: "radii" is \["0"\]/);
  assert.throws(() => parse(layer("a", 0, 4), layer("b", 5, null)), /radii of b do not go on where those of a end/);
  assert.throws(() => parse(layer("a", 0, null), layer("b", 0, 4)), /radii of b do not go on where those of a end/);
  const unknown = serverOf(manifestOf([{ folder: "stars", format: "v9", radii: [0, null] }]));
  await assert.rejects(
    (await openSite("", unknown)).open(),
    /stars\/ holds a pack of format "v9", this viewer reads v1, lines/,
  );
});
