/**
 * What is shown of a tree: opening a cell its proxies give way to what it holds, in time, so that its light stays the
 * same. A fade that hung on the camera's place would leap where the camera passes a star.
 */
import type { Contrast } from "./contrast.ts";
import type { TreeNode } from "./node.ts";

/** Thirty frames. */
export const FADE_MS = 500;

/** From this share of the capacity on what closes is slowed the less the more is shown. */
const HURRY_FROM = 0.8;

/** Moves `value` towards `target` by what `elapsed` ms of a fade are. */
export function faded(value: number, target: number, elapsed: number): number {
  const step = elapsed / FADE_MS;
  return value < target ? Math.min(target, value + step) : Math.max(target, value - step);
}

export class Fades {
  /** How many splats are shown, wholly or in part. */
  drawn = 0;
  private shown = new Set<TreeNode>();

  /** `capacity`: above so many splats what closes does so at once. */
  constructor(
    private readonly root: TreeNode,
    private readonly capacity: () => number,
  ) {}

  /**
   * Sets the weights of all cells, `elapsed` ms after the last time; true while a fade goes on. `share` is that of the
   * light of all but the root's own stars which the tree gives. `contrast` slows fades that would be seen; without, all take as
   * long.
   */
  step(elapsed: number, share: number, contrast: Contrast | null = null): boolean {
    const closeAtOnce = this.drawn > this.capacity();
    const hurry = (this.drawn / this.capacity() - HURRY_FROM) / (1 - HURRY_FROM);
    const shown = new Set<TreeNode>();
    let fading = false;
    this.drawn = 0;
    const rates = contrast && elapsed > 0 && elapsed !== Infinity ? this.rates(contrast, elapsed) : null;
    const visit = (node: TreeNode, weight: number, own: number): void => {
      shown.add(node);
      const { content } = node;
      for (const child of node.children) {
        const target = child.wanted && child.content ? 1 : 0;
        const rate = rates?.get(child) ?? 1;
        const closing = closeAtOnce ? Infinity : elapsed * Math.max(rate, Math.min(hurry, 1));
        child.opened = faded(child.opened, target, target === 0 ? closing : elapsed * rate);
        if (child.opened !== target) fading = true;
        if (child.opened > 0) visit(child, weight * child.opened, weight * child.opened);
      }
      if (!content) return;
      this.drawn += (content.stars?.count ?? 0) + (content.soft?.count ?? 0);
      if (content.stars) content.stars.weight = own;
      if (!content.soft) return;
      content.soft.weight = weight;
      content.soft.childWeights?.fill(weight);
      for (const child of node.children) {
        const k = child.number;
        if (content.soft.childWeights) content.soft.childWeights[k] = weight * (1 - child.opened);
        if (child.opened === 1) this.drawn -= content.standing[k]?.count ?? 0;
      }
    };
    visit(this.root, share, 1);
    for (const node of this.shown) if (!shown.has(node)) hide(node);
    this.shown = shown;
    return fading;
  }

  /** The share of its step that each cell which fades takes. */
  private rates(contrast: Contrast, elapsed: number): Map<TreeNode, number> {
    const visit = (node: TreeNode, weight: number, outermost: boolean): void => {
      for (const child of node.children) {
        const target = child.wanted && child.content ? 1 : 0;
        const fades = child.opened !== target;
        if (fades) contrast.add(child, elapsed / FADE_MS, weight, outermost);
        if (child.opened > 0) visit(child, weight * child.opened, outermost && !fades);
      }
    };
    visit(this.root, 1, true);
    return contrast.rates(elapsed);
  }
}

/** Shows nothing of a cell that has closed, nor of those below it, which begin anew when they are wanted again. */
function hide(node: TreeNode): void {
  node.opened = 0;
  for (const cell of [node.content?.stars, node.content?.soft]) if (cell) cell.weight = 0;
}
