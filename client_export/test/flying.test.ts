/**
 * A flight changes pictures by slow fades alone, and what is read comes in the order of its use.
 *
 * The pack is that of the test vectors: 600 stars in a tree, of which a small budget bears a part.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { frustumOf } from "../src/frustum.ts";
import type { TreeNode } from "../src/tree/node.ts";
import type { TreeSource } from "../src/tree/source.ts";
import { PARSEC_M } from "../src/sky.ts";
import { type Vec3, scale } from "../src/vec.ts";
import { PATHS, SlowServer, fly, openSource } from "./flights.ts";
import { VIEW, nodesOf, open, packServer } from "./packs.ts";

/** Of the pack, metres. */
const CLUSTER: Vec3 = scale([120, -80, 310], PARSEC_M);

test("a flight changes no block by more than 1.5 % a frame, and turning none", { timeout: 300_000 }, async () => {
  const folder = new URL("../../tests/data/v2/", import.meta.url);
  for (const [name, path] of Object.entries(PATHS)) {
    const server = new SlowServer(folder, 6);
    const { source, told } = await openSource(server, 1200);
    source.budget.share = 0;
    const frames = await fly(server, source, path);
    const changes = frames.map(({ change }) => change);
    assert.deepEqual(told, []);
    assert.ok(Math.max(...changes) <= (name === "turning" ? 0 : 0.015), `${name}: ${Math.max(...changes)}`);
    if (name !== "turning") assert.ok(changes.some((change) => change > 0));
  }
});

test("what is in view is read before what is not, and both in the end", async () => {
  const view = VIEW();
  const inView = frustumOf(view.camera, view.width, view.height, 200);
  const asked: { seen: boolean; waiting: boolean }[] = [];
  let source: TreeSource | null = null;
  const serve = packServer();
  const fetcher: typeof fetch = (url, init) => {
    if (source && String(url).startsWith("tiles")) {
      const { cut } = source as unknown as { cut: TreeNode[] };
      const needed = cut
        .filter(({ standing }) => !standing || inView(standing.ball))
        .map((node) => (node.content ? node : node.parent));
      const seen = needed.some((tile) => tile?.tile === "asked");
      asked.push({
        seen,
        waiting: cut.some((node) => !node.content && needed.includes(node.parent) && node.parent?.tile === "unread"),
      });
    }
    return serve(url, init);
  };
  source = (await open(fetcher)).source;
  await source.settle(view);
  for (const { seen, waiting } of asked) assert.ok(seen || !waiting);
  assert.ok(asked.some(({ seen }) => seen) && asked.some(({ seen }) => !seen));
  const stars = [...source.store.cells].filter(({ points }) => points).reduce((sum, { count }) => sum + count, 0);
  assert.equal(stars, 1600);
});

test("a flight reads what it will need before it is there", async () => {
  const [moving, standing] = await Promise.all(
    [true, false].map(async (moves) => {
      const { source } = await open(packServer());
      source.budget = { splats: 1150, bytes: 1e6, share: 0 };
      const view = VIEW();
      await source.settle(view);
      const read = () =>
        nodesOf((source as unknown as { root: TreeNode }).root).filter(({ tile }) => tile === "here").length;
      const before = read();
      // Towards a cluster 340 pc away, 10 pc a frame, or there at once; both ask in the third frame alone.
      for (let frame = 0; frame < 3; frame++) {
        view.camera.position = scale(CLUSTER, (moves ? frame : 2) / 34);
        source.update(view, 16 * frame);
      }
      source.load(view);
      await (source as unknown as { reading: { run(): Promise<void> } }).reading.run();
      return read() - before;
    }),
  );
  assert.ok(moving > standing);
});
