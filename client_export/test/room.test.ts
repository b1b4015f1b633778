/** Whatever was seen before, a view has all that its budget bears: what there was no room for is not given up. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TreeNode } from "../src/tree/node.ts";
import type { TreeSource } from "../src/tree/source.ts";
import { VIEW, nodesOf, open, packServer } from "./packs.ts";

const treeOf = (source: TreeSource) => nodesOf((source as unknown as { root: TreeNode }).root);

test("after any number of jumps, each of which would fill the room, all that a view wants is there", async () => {
  const { source: whole } = await open(packServer());
  await whole.settle(VIEW());
  const places = treeOf(whole).flatMap(({ standing }) => (standing ? [standing.ball.centre] : []));
  assert.ok(places.length > 20);
  const { source, problems } = await open(packServer());
  const bytes = whole.state.bytes / 2;
  source.budget = { splats: 1e6, bytes, share: 0 };
  (source as unknown as { keptBytes: number }).keptBytes = 1.5 * bytes;
  for (const position of places) {
    const view = VIEW();
    view.camera.position = position;
    await source.settle(view);
    const nodes = treeOf(source);
    assert.deepEqual(
      nodes.filter(({ wanted, opened, tile }) => tile === "lost" || (wanted && opened < 1)).map(({ name }) => name),
      [],
    );
    assert.ok(nodes.some(({ wanted }) => !wanted) && source.state.bytes <= 1.5 * bytes);
  }
  assert.deepEqual(problems, []);
});
