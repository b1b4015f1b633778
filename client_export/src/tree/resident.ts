/** The tiles that are at hand: their cells in the store, and which of them go when there is no more room. */
import type { Cell } from "../cell.ts";
import type { SplatStore, StoredCell } from "../splat_store.ts";
import type { CellData } from "./cell_data.ts";
import type { TreeNode } from "./node.ts";

export class Resident {
  readonly tiles = new Set<TreeNode>();
  /** Of the tiles that are here. */
  bytes = 0;

  constructor(
    private readonly store: SplatStore,
    private readonly mostBytes: number,
    private readonly onCell: (cell: StoredCell) => void,
  ) {}

  /** Puts the cells of the tile of `node` into the store; false where there is no room, and no tile that can go. */
  put(node: TreeNode, cells: CellData[]): boolean {
    const size = node.spot?.size ?? 0;
    while (this.bytes + size > this.mostBytes) if (!this.drop(node)) return false;
    const stored: StoredCell[] = [];
    for (const [i, child] of node.children.entries()) {
      const { stars, soft, standing } = cells[i];
      const [one, two] = [stars, soft].map((cell) => this.add(cell, cell === stars, node, stored));
      if (one === undefined || two === undefined) {
        for (const cell of stored) this.store.remove(cell);
        for (const each of node.children) each.content = null;
        return false;
      }
      child.fill({ stars: one, soft: two, standing });
    }
    this.bytes += size;
    this.tiles.add(node);
    stored.forEach(this.onCell);
    return true;
  }

  /** Null where there is nothing to add, undefined where there is no room. */
  private add(cell: Cell, points: boolean, node: TreeNode, stored: StoredCell[]): StoredCell | null | undefined {
    if (cell.count === 0) return null;
    for (;;) {
      const added = this.store.tryAdd(cell, points);
      if (added) {
        added.weight = 0;
        stored.push(added);
        return added;
      }
      if (!this.drop(node)) return undefined;
    }
  }

  /** Drops the tile that was of no use for longest, but not that of `kept`; false where all are of use. */
  private drop(kept: TreeNode): boolean {
    let oldest: TreeNode | null = null;
    for (const tile of this.tiles) {
      if (tile === kept || tile.children.some((child) => child.wanted || child.opened > 0 || child.tile === "here"))
        continue;
      if (!oldest || tile.used < oldest.used) oldest = tile;
    }
    if (!oldest) return false;
    for (const { content } of oldest.children) {
      for (const cell of [content?.stars, content?.soft]) if (cell) this.store.remove(cell);
    }
    for (const child of oldest.children) child.content = null;
    oldest.tile = "unread";
    this.bytes -= oldest.spot?.size ?? 0;
    return this.tiles.delete(oldest);
  }
}
