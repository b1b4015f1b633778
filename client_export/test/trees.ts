/** Trees of a few cells for the tests, all of whose content is here. */
import { SplatStore } from "../src/splat_store.ts";
import type { Cell } from "../src/cell.ts";
import type { Standing } from "../src/tree/cell_data.ts";
import { TreeNode } from "../src/tree/node.ts";
import { ROOT, childOf } from "../src/v2/cell_id.ts";
import type { IndexCell } from "../src/v2/index.ts";
import type { Vec3 } from "../src/vec.ts";
import { cellOf, splatAt } from "./cells.ts";

export const PC = 3.0857e16;

/** A cell whose proxies stand at `place`, parsecs, each of luminosity 1 pc^2. */
export const standingAt = (...place: Vec3[]): Standing => ({
  count: place.length,
  place: Float64Array.from(place.flat(), (value) => value * PC),
  luminosity: new Float64Array(place.length).fill(PC ** 2),
  sigma: new Float64Array(place.length).fill(0.5 * PC),
  total: place.length * PC ** 2,
  brightest: Math.max(...place.map((p) => 1 / (p[0] ** 2 + p[1] ** 2 + p[2] ** 2))),
  ball: {
    centre: [0, 1, 2].map(
      (axis) => (place.reduce((sum, p) => sum + p[axis], 0) / place.length) * PC,
    ) as unknown as Vec3,
    radius: 2 * PC,
  },
});

export const ERRORS = Float32Array.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.2, 0.4, 0.6, 0.8, 0.8, 0.8);
export const cellWith = (extent: number): IndexCell => ({
  id: { depth: 12, l: 0, theta: 0, phi: 0 },
  childMask: 1,
  extent,
  errors: ERRORS,
  tile: null,
  page: null,
});

/** A tree of depth 3, two children each, with splats of one each for stars and for each child; all content is here. */
export function fullTree(): { root: TreeNode; nodes: TreeNode[]; store: SplatStore } {
  const store = new SplatStore(1000);
  const nodeOf = (cell: IndexCell, parent: TreeNode | null, depth: number): TreeNode => {
    const node = new TreeNode(cell, parent);
    const soft = { ...cellOf([splatAt([0, 0, 0]), splatAt([1, 0, 0])], [0, 0, 0], 4), children: Uint8Array.of(0, 2) };
    const standing = Array.from({ length: 8 }, (_, k) => (k === 0 || k === 2 ? standingAt([9, 0, 0]) : null));
    const stars = store.add("a", cellOf([splatAt([0, 0, 0])], [0, 0, 0], 4), true);
    stars.weight = 0;
    node.fill({ stars, soft: store.add("a", soft, false), standing });
    if (depth < 3) {
      node.children = [0, 2].map((k) => nodeOf({ ...cell, id: childOf(cell.id, k) }, node, depth + 1));
    }
    return node;
  };
  const root = nodeOf({ ...cellWith(0), id: ROOT }, null, 0);
  root.wanted = true;
  root.opened = 1;
  const nodes = [root];
  for (const node of nodes) nodes.push(...node.children);
  return { root, nodes, store };
}

/** A white splat at `place`, metres from the Sun, which gives `light` there; as good as a point. */
function lightAt(place: Vec3, light: number): Cell {
  const [variance, distance2] = [1e-6, place[0] ** 2 + place[1] ** 2 + place[2] ** 2];
  return {
    origin: [0, 0, 0],
    unitM: 1,
    ball: { centre: place, radius: 1 },
    count: 1,
    means: Float32Array.from(place),
    covDiagonal: new Float32Array(3).fill(variance),
    covOff: new Float32Array(3),
    light: new Float32Array(3).fill((light * distance2) / (2 * Math.PI * variance)),
  };
}

/** A root with one child: a star at `place`, for which a proxy at `proxy` stands, each seen from the Sun as `light`. */
export function swapOf(
  store: SplatStore,
  place: Vec3,
  proxy: Vec3,
  light: number,
): { root: TreeNode; child: TreeNode } {
  const root = new TreeNode({ ...cellWith(0), id: ROOT }, null);
  const child = new TreeNode({ ...cellWith(0), id: childOf(ROOT, 0) }, root);
  root.children = [child];
  root.wanted = child.wanted = true;
  root.opened = 1;
  const soft = store.add("proxy", { ...lightAt(proxy, light), children: Uint8Array.of(0) }, false);
  root.fill({ stars: null, soft, standing: [standingAt([9, 0, 0])] });
  child.fill({ stars: store.add("star", lightAt(place, light), true), soft: null, standing: [] });
  return { root, child };
}
