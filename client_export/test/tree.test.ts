/**
 * A tree of levels is read as far as a view needs and its budget bears, and whatever is open its light is the same.
 *
 * The pack is that of the test vectors, shared with Python: 1,600 stars in 40 cells and more, with a page in its shard.
 * What is proved of weights holds for every tree: in it, the proxies for a cell and what the cell holds share one weight.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Source } from "../src/source.ts";
import { SplatStore } from "../src/splat_store.ts";
import type { CellData } from "../src/tree/cell_data.ts";
import { errorOf, lightOf, tableAt } from "../src/tree/cell_error.ts";
import { costOf, cutAt, smallestTau } from "../src/tree/cut.ts";
import { FADE_MS, Fades } from "../src/tree/fades.ts";
import { TreeNode } from "../src/tree/node.ts";
import { Resident } from "../src/tree/resident.ts";
import { childOf } from "../src/v2/cell_id.ts";
import type { Vec3 } from "../src/vec.ts";
import { cellOf, splatAt } from "./cells.ts";
import { VIEW, open, packServer } from "./packs.ts";
import { ERRORS, PC, cellWith, fullTree, standingAt } from "./trees.ts";

/** The names of all cells in the store, with what is shown of them. */
const shownOf = ({ store }: Source) =>
  [...store.cells]
    .filter(({ weight }) => weight > 0)
    .map(({ start, count, weight, childWeights }) => `${start} ${count} ${weight} ${childWeights?.join()}`)
    .sort();

test("all of a small pack is read and opened where the budget bears it, page by page", async () => {
  const { source, problems } = await open(packServer());
  await source.settle(VIEW());
  assert.deepEqual(problems, []);
  const stars = [...source.store.cells].filter(({ points }) => points).reduce((sum, { count }) => sum + count, 0);
  assert.equal(stars, 1600);
  assert.ok(source.state.open > 20);
});

test("a server that ignores ranges is asked for a shard once, and what is shown is the same", async () => {
  const log: string[] = [];
  const [one, two] = [await open(packServer()), await open(packServer(undefined, false, log))];
  for (const { source } of [one, two]) await source.settle(VIEW());
  assert.deepEqual(log.filter((line) => line.startsWith("tiles")).length, 1);
  assert.deepEqual(
    [one, two].map(({ problems }) => problems),
    [[], []],
  );
  assert.equal(two.source.state.drawn, one.source.state.drawn);
});

test("a view settles on what was asked for before too", async () => {
  const { source } = await open(packServer());
  source.update(VIEW(), 0);
  source.load(VIEW()); // as frames do, until the view stands still
  await source.settle(VIEW());
  assert.equal(source.state.glow, 0);
  const { root } = source as unknown as { root: TreeNode };
  assert.ok(root.children.every(({ wanted, content }) => !wanted || content));
});

test("turning changes nothing", async () => {
  const { source } = await open(packServer());
  source.budget = { splats: 1200, bytes: 1e6, share: 0 };
  const view = VIEW();
  await source.settle(view);
  const before = shownOf(source);
  for (const look of [
    [0, 1, 0],
    [-1, 0, 0],
    [0.3, -0.4, 0.5],
  ] as Vec3[]) {
    view.camera.look(look);
    assert.equal(source.update(view, 1000), false);
    source.load(view);
    assert.deepEqual(shownOf(source), before);
  }
});

test("the cut is the largest that fits the budget, and its errors are above what stays closed", async () => {
  const { source } = await open(packServer());
  await source.settle(VIEW());
  const { root } = source as unknown as { root: TreeNode };
  for (const splats of [1100, 1200, 1300, 1400]) {
    const budget = { splats, bytes: 1e6 };
    const tau = smallestTau(root, budget);
    const cut = cutAt(root, tau);
    assert.ok(costOf(cut).splats <= splats);
    assert.ok(costOf(cutAt(root, tau * 0.999)).splats > splats);
    const [open, closed] = [
      new Set(cut),
      cut.flatMap(({ children }) => children).filter((node) => !cut.includes(node)),
    ];
    for (const node of cut) assert.ok(node === root || (open.has(node.parent as TreeNode) && node.score > tau));
    for (const node of closed) assert.ok(node.score <= tau);
  }
});

test("a damaged tile, and a damaged page, are said once each, and all else is shown", async () => {
  const whole = await open(packServer());
  await whole.source.settle(VIEW());
  const { root } = whole.source as unknown as { root: TreeNode };
  const nodes = [root];
  for (const node of nodes) nodes.push(...node.children);
  const withPage = nodes.find(({ cell }) => cell.page) as TreeNode;
  for (const [node, offset] of [
    [root, (root.spot?.offset ?? 0) + 40],
    [withPage, (withPage.spot?.offset ?? 0) + 9],
    [withPage, (withPage.spot?.offset ?? 0) + (withPage.cell.page?.length ?? 0) + 9],
  ] as [TreeNode, number][]) {
    const { source, problems } = await open(
      packServer((name, bytes) => {
        if (name.startsWith("tiles")) bytes[offset] ^= 16;
      }),
    );
    await source.settle(VIEW());
    assert.equal(problems.length, 1);
    assert.match(problems[0], new RegExp(`tiles-00000.bin, tile of cell ${node.name},.* is damaged: its CRC-32`));
    assert.ok(source.store.count >= 1000 && source.store.count < whole.source.store.count);
    assert.equal(source.update(VIEW(), 0), false);
  }
});

test("a damaged sky or glow costs only itself, a damaged head all", async () => {
  for (const [file, stars] of [
    ["sky.bin", 600],
    ["glow.bin", 1600],
  ] as const) {
    const damage = (name: string, bytes: Uint8Array) => void (name === file && (bytes[50] ^= 1));
    const { source, problems } = await open(packServer(damage));
    await source.settle(VIEW());
    assert.equal(problems.length, 1);
    assert.match(problems[0], new RegExp(`${file} is damaged: its CRC-32`));
    const found = [...source.store.cells].filter(({ points }) => points).reduce((sum, { count }) => sum + count, 0);
    assert.equal(found, stars);
  }
  await assert.rejects(open(packServer((name, bytes) => void (name === "head.bin" && (bytes[50] ^= 1)))), /head\.bin/);
});

test("the light of proxies is their luminosity over distance squared, bounded within their size", () => {
  const standing = standingAt([9, 0, 0], [11, 0, 0]);
  const near = (a: number, b: number, to: number) => assert.ok(Math.abs(a / b - 1) < to, `${a} is not ${b}`);
  near(lightOf(standing, [0, 0, 0]), 1 / 81 + 1 / 121, 1e-12);
  near(lightOf(standing, [0, 1000 * PC, 0]), 2 / (1000 ** 2 + 101), 2e-2);
  near(lightOf(standing, [9 * PC, 0, 0]), 4 + 1 / 4, 1e-12);
});

test("the error is that of the table: by width, along and across, and all light from within", () => {
  assert.deepEqual(
    [8, 4, 2, 1, 0.5, 0.25, 0.1].map((width) => tableAt(ERRORS, 0, 8, width)),
    [0, 1, 2, 3, 4, 5, 5].map((i) => ERRORS[i]),
  );
  assert.ok(Math.abs(tableAt(ERRORS, 0, 8, 3) - (0.2 + 0.1 * Math.log2(4 / 3))) < 1e-7);
  assert.ok(Math.abs(tableAt(ERRORS, 0, 8, 80) - 0.01) < 1e-8);
  const standing = standingAt([9, 0, 0], [11, 0, 0]);
  const share = (camera: Vec3, width: number, extent = 4 * PC) => {
    const distance = Math.hypot(camera[0] - 10 * PC, camera[1], camera[2]);
    return errorOf(standing, cellWith(extent), camera, (32 * distance) / width) / lightOf(standing, camera);
  };
  // 11 bits of a cell of depth 12 are far below a block.
  assert.ok(Math.abs(share([0, 0, 0], 4 * PC) - 0.1) < 1e-5);
  assert.ok(Math.abs(share([10 * PC, 30 * PC, 0], 4 * PC) - 0.2) < 1e-5);
  assert.ok(Math.abs(share([40 * PC, 30 * PC, 0], 4 * PC) - 0.15) < 1e-5);
  assert.equal(share([10 * PC, 1.9 * PC, 0], 4 * PC), 1);
  // Without a table only the rounding of places is left, which counts from near.
  assert.ok(share([0, 0, 0], PC, 0) < 1e-5);
  assert.ok(share([10 * PC, 1e-7 * PC, 0], 1e-7 * PC, 0) > 0.9);
});

test("whatever opens and closes when, a cell and the proxies for it share the weight of its parent", () => {
  const { root, nodes } = fullTree();
  const fades = new Fades(root, () => Infinity);
  let seed = 7;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  for (let frame = 0; frame < 400; frame++) {
    const share = frame < 200 ? 1 : 0.25;
    if (frame % 7 === 0) {
      for (const node of nodes.slice(1)) node.wanted = (node.parent as TreeNode).wanted && random() < 0.6;
    }
    fades.step(FADE_MS / 30, share);
    for (const node of nodes) {
      const { content, parent } = node;
      const own = (of: TreeNode | null) => (of === root ? share : (of?.content?.stars?.weight ?? 0));
      if (!parent || !content) continue;
      const proxies = own(parent) > 0 ? (parent.content?.soft?.childWeights?.[node.number] ?? 0) : 0;
      assert.ok(Math.abs(own(node) + proxies - own(parent)) < 1e-6);
    }
    assert.equal(root.content?.stars?.weight, 1);
  }
});

test("a fade lasts thirty frames by the clock, and over the budget what closes does so at once", () => {
  const { root, nodes } = fullTree();
  let most = Infinity;
  const fades = new Fades(root, () => most);
  for (const node of nodes) node.wanted = true;
  let frames = 1;
  while (fades.step(1000 / 60, 1)) frames++;
  assert.ok(frames === 30 || frames === 31);
  assert.equal(fades.drawn, nodes.length + 2 * 8);
  for (const node of nodes.slice(1)) node.wanted = false;
  most = 1;
  assert.equal(fades.step(1, 1), false);
  assert.equal(fades.drawn, 3);
  assert.ok(nodes.slice(1).every(({ content }) => content?.stars?.weight === 0 && content.soft?.weight === 0));
});

test("what was of no use for longest goes when there is no room, and nothing that is of use", () => {
  const store = new SplatStore(20);
  const resident = new Resident(store, 100, () => {});
  const tiles = Array.from({ length: 4 }, (_, i) => {
    const tile = new TreeNode(cellWith(0), null);
    tile.spot = { shard: 0, offset: 0, size: 40 };
    tile.tile = "here";
    tile.used = i;
    tile.children = [new TreeNode({ ...cellWith(0), id: childOf(cellWith(0).id, 0) }, tile)];
    return tile;
  });
  const empty = cellOf([], [0, 0, 0], 4);
  const data: CellData = {
    stars: cellOf([splatAt([0, 0, 0]), splatAt([1, 0, 0])], [0, 0, 0], 4),
    soft: empty,
    standing: [],
  };
  assert.ok(resident.put(tiles[1], [data]) && resident.put(tiles[0], [data]));
  assert.ok(resident.put(tiles[2], [data]));
  assert.deepEqual(
    tiles.map(({ tile }) => tile),
    ["unread", "here", "here", "here"],
  );
  assert.equal(tiles[0].children[0].content, null);
  assert.deepEqual([resident.bytes, store.count], [80, 4]);
  for (const tile of tiles) tile.children[0].wanted = true;
  assert.equal(resident.put(tiles[3], [data]), false);
  assert.deepEqual([resident.bytes, store.count, tiles[3].children[0].content], [80, 4, null]);
});
