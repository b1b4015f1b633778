/** The cells of a tree as the index tells of them, and what is at hand of each. */
import type { StoredCell } from "../splat_store.ts";
import { nameOf, numberOf } from "../v2/cell_id.ts";
import { type IndexCell, type Page, type TilePlace, decodePage, tilesOf } from "../v2/index.ts";
import { checkCrc } from "../v2/crc32.ts";
import { SiteError } from "../errors.ts";
import type { Standing } from "./cell_data.ts";

/** Bytes of a shard: a tile, with the page of its cell in front of it if that has one. */
export interface TileSpot {
  shard: number;
  offset: number;
  size: number;
}

/** What is at hand of a cell: its splats in the store, and which proxies of them stand for its children. */
export interface Content {
  stars: StoredCell | null;
  soft: StoredCell | null;
  standing: (Standing | null)[];
}

export class TreeNode {
  children: TreeNode[] = [];
  /** Where its tile is, with the contents of its children; null without children. */
  spot: TileSpot | null = null;
  /** The same as the index tells it, with what the shard has before it; not there until its page is read. */
  place?: TilePlace;
  /** "waiting": it could not be reached, and is left alone for a while. */
  tile: "unread" | "asked" | "waiting" | "here" | "lost" = "unread";
  /** When its tile was last of use; higher is later. */
  used = 0;
  /** Its stars and proxies, if its parent's tile is here. */
  content: Content | null = null;
  /** How many splats that is; null until it was here once. */
  private splats: number | null = null;
  /** It belongs to the cut, whether or not its content is here. */
  wanted = false;
  /** How far it is opened, 0 to 1: the share of its light that its content gives, not its proxies. */
  opened = 0;
  /** Light in the wrong block while it is closed, steradians at exposure 1, and that for each splat it costs. */
  error = 0;
  score = 0;

  /** Its number among the children of its parent. */
  readonly number: number;

  constructor(
    readonly cell: IndexCell,
    readonly parent: TreeNode | null,
  ) {
    this.number = numberOf(cell.id);
  }

  /** The proxies that stand for it. */
  get standing(): Standing | null {
    return this.parent?.content?.standing[this.number] ?? null;
  }

  get name(): string {
    return nameOf(this.cell.id);
  }

  /** How many splats opening it shows; about, until its content was here once. */
  get cost(): number {
    const { splats, parent } = this;
    return splats ?? (1.2 * (parent?.cell.tile?.stars ?? 0)) / Math.max(parent?.children.length ?? 1, 1);
  }

  /** Gives it what its parent's tile has of it. */
  fill(content: Content): void {
    this.content = content;
    this.splats = (content.stars?.count ?? 0) + (content.soft?.count ?? 0);
  }
}

/** Grows the nodes of the page of `top`, whose tiles begin at `offset` of a shard. */
export function grow(top: TreeNode, page: Page, shard: number, offset: number): void {
  const nodes = new Map([[top.cell, top]]);
  let next = 0;
  const queue = [top];
  for (const above of queue) {
    for (let mask = above.cell.childMask; mask; mask &= mask - 1) {
      const cell = page.cells[next++];
      const node = new TreeNode(cell, above);
      above.children.push(node);
      nodes.set(cell, node);
      if (cell.page) {
        const { shard, offset, length } = cell.page;
        node.spot = { shard, offset, size: length + (cell.tile?.length ?? 0) };
      } else if (cell.childMask) {
        queue.push(node);
      }
    }
  }
  for (const place of tilesOf(page, top.cell, shard, offset)) {
    const node = nodes.get(place.cell) as TreeNode;
    node.place = place;
    node.spot ??= { shard, offset: place.offset, size: place.tile.length };
  }
}

/**
 * The tile of `node` out of the bytes of its spot, after growing the nodes of the page that lies before it.
 *
 * @throws SiteError where that page is damaged.
 */
export function tileOf(node: TreeNode, bytes: Uint8Array, what: string): Uint8Array {
  const { page, tile } = node.cell;
  if (!tile) throw new SiteError(`${what}: the cell has no tile`);
  if (!page) return bytes;
  if (node.children.length === 0) {
    const part = bytes.subarray(0, page.length);
    checkCrc(part, page.crc, what);
    grow(node, decodePage(part, node.cell, what), page.shard, page.offset + page.length);
  }
  return bytes.subarray(page.length);
}
