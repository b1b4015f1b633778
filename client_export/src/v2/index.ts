/** The index of pack v2: what is said of each cell, and the pages that say it, each before its tiles in a shard. */
import { Bytes } from "./bytes.ts";
import { type CellId, childrenOf, nameOf } from "./cell_id.ts";
import { MAX_DEPTH, errorOf, extentOf } from "./quantities.ts";

/** Where the page of a cell lies in a shard. */
export interface PagePointer {
  shard: number;
  offset: number;
  length: number;
  crc: number;
}

/** The tile in which the children of a cell lie. */
export interface TileEntry {
  length: number;
  stars: number;
  crc: number;
}

export interface IndexCell {
  id: CellId;
  /** Bit k is set where it has a child k. */
  childMask: number;
  /** Metres: in blocks this wide, half so wide, ... a 32nd, the proxies of the cell err by `errors`. 0: not at all. */
  extent: number;
  /** Shares of its light: 6 along the line from the Sun, 6 across. */
  errors: Float32Array;
  /** Only a cell with children has a tile. */
  tile: TileEntry | null;
  /** Where the entries of its children are, if they are not in the same page. */
  page: PagePointer | null;
}

export interface Page {
  /** How many stars and tiles the shard has before the first tile of this page. */
  firstStar: number;
  firstTile: number;
  /** Breadth first. */
  cells: IndexCell[];
}

/** Where a tile lies. */
export interface TilePlace {
  /** The tile holds the children of this cell. */
  cell: IndexCell;
  tile: TileEntry;
  shard: number;
  offset: number;
  /** How many stars and tiles the shard has before it. */
  firstStar: number;
  number: number;
}

const TABLE_BYTES = 12;
const NO_ERRORS = new Float32Array(TABLE_BYTES);

/**
 * The page of `parent`. `what` names it; the caller has compared its CRC-32.
 *
 * @throws SiteError where the bytes are not this page and nothing but it.
 */
export function decodePage(data: Uint8Array, parent: IndexCell, what: string): Page {
  const bytes = new Bytes(data, what);
  const page = readPage(bytes, parent);
  bytes.finish();
  return page;
}

/** The page of `parent`, from its first byte on. */
export function readPage(bytes: Bytes, parent: IndexCell): Page {
  const [firstStar, firstTile] = [bytes.u32(), bytes.u32()];
  const cells: IndexCell[] = [];
  const queue = [parent];
  for (const above of queue) {
    for (const id of childrenOf(above.id, above.childMask)) {
      const [childMask, step] = [bytes.u8(), bytes.u8()];
      const errors = step ? Float32Array.from(bytes.raw(TABLE_BYTES), errorOf) : NO_ERRORS;
      const cell = { id, childMask, extent: extentOf(step), errors, ...readTile(bytes, id, childMask) };
      cells.push(cell);
      if (childMask && !cell.page) queue.push(cell);
    }
  }
  return { firstStar, firstTile, cells };
}

/** The tile and the page of a cell: none, where it has no children. */
export function readTile(bytes: Bytes, id: CellId, childMask: number): Pick<IndexCell, "tile" | "page"> {
  if (!childMask) return { tile: null, page: null };
  if (id.depth >= MAX_DEPTH || (id.depth < 0 && childMask & 0xaa)) {
    bytes.fail(`cell ${nameOf(id)} has children ${childMask.toString(2)}, which cannot be`);
  }
  const coded = bytes.varint();
  const tile = { length: Math.floor(coded / 2), stars: bytes.varint(), crc: bytes.u32() };
  if (coded % 2 === 0) return { tile, page: null };
  return { tile, page: { shard: bytes.u16(), offset: bytes.u32(), length: bytes.u32(), crc: bytes.u32() } };
}

/** The tiles of the page of `parent`, the first of which begins at byte `offset` of the shard number `shard`. */
export function tilesOf(page: Page, parent: IndexCell, shard: number, offset: number): TilePlace[] {
  let { firstStar, firstTile: number } = page;
  const places: TilePlace[] = [];
  for (const cell of [parent, ...page.cells.filter((each) => !each.page)]) {
    if (!cell.tile) continue;
    places.push({ cell, tile: cell.tile, shard, offset, firstStar, number });
    offset += cell.tile.length;
    firstStar += cell.tile.stars;
    number += 1;
  }
  return places;
}
