/**
 * Which cells are open. A cell is, if its parent is and the light that its proxies put into the wrong place, as a share
 * of the light of the view, is more than tau for what it costs. Tau is the smallest that fits the budget. The direction
 * of the view does not come in: turning changes nothing.
 */
import type { Vec3 } from "../vec.ts";
import { hiddenLight } from "./beside.ts";
import { errorOf } from "./cell_error.ts";
import type { TreeNode } from "./node.ts";

/** An error counts the less the more splats its cell costs: measured to be best, between error and error a splat. */
const COST_POWER = 0.6;
/** An open cell stays open until its score is below this share of what opened it. */
const STAY = 0.8;
const TAU_RANGE = [1e-15, 1] as const;

export interface Cost {
  /** Splats all around. */
  splats: number;
  /** Bytes of tiles. */
  bytes: number;
}

/** What a view may cost. */
export interface Budget extends Cost {
  /** Smaller shares of the view's light in the wrong place are not worth opening a cell. */
  share: number;
}

/** Where the camera will rest after a flight, and all the light that comes there. */
export interface Goal {
  camera: Vec3;
  light: number;
}

/**
 * Writes the error and the score of `node`, seen from the worst of `cameras`; `light` is all the light that comes there. What it may
 * hide beside the camera counts only where it stays beside all of them: a flight passes by, but not its `goal`.
 */
function judge(
  node: TreeNode,
  cameras: readonly Vec3[],
  focalPx: number,
  light: number,
  least: number,
  goal: Goal | null,
): void {
  const { standing, cell } = node;
  // Nothing stands for it: what holds the proxies is lost, or it has none.
  node.error = standing ? Math.max(...cameras.map((camera) => errorOf(standing, cell, camera, focalPx))) : Infinity;
  let hidden = standing ? Infinity : 0;
  for (const camera of cameras)
    if (standing && hidden > 0) hidden = Math.min(hidden, hiddenLight(standing, cell, camera));
  if (standing && goal) {
    const scale = light / goal.light;
    node.error = Math.max(node.error, scale * errorOf(standing, cell, goal.camera, focalPx));
    hidden = Math.max(hidden, scale * hiddenLight(standing, cell, goal.camera));
  }
  const share = Math.max(node.error, hidden) / light;
  node.score = share > least ? share / Math.max(node.cost, 1) ** COST_POWER : 0;
}

/** Judges every cell whose parent's content is here. */
export function judgeAll(
  root: TreeNode,
  cameras: readonly Vec3[],
  focalPx: number,
  light: number,
  least: number,
  goal: Goal | null = null,
): void {
  const queue = [root];
  for (const above of queue) {
    for (const node of above.children) {
      judge(node, cameras, focalPx, light, least, goal);
      if (node.content) queue.push(node);
    }
  }
}

/** The cells open at `tau`, the root first, of those that are judged; also those whose content is not here. */
export function cutAt(root: TreeNode, tau: number, stay = 1): TreeNode[] {
  const cut = [root];
  for (const above of cut) {
    if (!above.content) continue;
    for (const node of above.children) {
      if (node.score > tau * (node.opened > 0 ? stay : 1)) cut.push(node);
    }
  }
  return cut;
}

/** Splats that a cut shows, and bytes of the tiles that it takes. */
export function costOf(cut: readonly TreeNode[]): Cost {
  const tiles = new Set<TreeNode>();
  let [splats, bytes] = [0, 0];
  for (const node of cut) {
    splats += node.cost - (node.standing?.count ?? 0);
    if (node.parent && !tiles.has(node.parent)) bytes += node.parent.spot?.size ?? 0;
    if (node.parent) tiles.add(node.parent);
  }
  return { splats, bytes };
}

/** The smallest tau whose cut fits `budget`. */
export function smallestTau(root: TreeNode, budget: Cost): number {
  // A cell opens where tau falls below its own score and those of all above it.
  const cells = [root];
  const opensAt = [Infinity];
  for (let i = 0; i < cells.length; i++) {
    if (!cells[i].content) continue;
    for (const node of cells[i].children) {
      const at = Math.min(node.score, opensAt[i]);
      if (at <= TAU_RANGE[0]) continue;
      cells.push(node);
      opensAt.push(at);
    }
  }
  const order = Uint32Array.from(cells, (_, i) => i).sort((a, b) => opensAt[b] - opensAt[a] || a - b);
  const tiles = new Set<TreeNode>();
  let [splats, bytes] = [0, 0];
  for (const i of order) {
    const { parent, cost, standing } = cells[i];
    splats += cost - (standing?.count ?? 0);
    if (parent && !tiles.has(parent)) bytes += parent.spot?.size ?? 0;
    if (parent) tiles.add(parent);
    if (splats > budget.splats || bytes > budget.bytes) return Math.min(opensAt[i], TAU_RANGE[1]);
  }
  return TAU_RANGE[0];
}

/** Marks as wanted what is open at `tau`, and nothing else; gives it. */
export function want(root: TreeNode, tau: number, before: readonly TreeNode[], smooth: boolean): TreeNode[] {
  const cut = cutAt(root, tau, smooth ? STAY : 1);
  for (const node of before) node.wanted = false;
  for (const node of cut) node.wanted = true;
  return cut;
}
