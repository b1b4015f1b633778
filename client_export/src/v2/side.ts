/** Side files of pack v2: what is fetched of single stars when it is used, in the order of the tiles. */
import { SiteError } from "../errors.ts";
import { checkCrc } from "./crc32.ts";

/** Bytes of a star in the side file `ids`. */
export const ID_BYTES = 8;

const CRC_BYTES = 4;

/** Where the block of the tile `number` of a shard lies in a side file with `recordBytes` a star. */
export function sideBlockRange(
  recordBytes: number,
  firstStar: number,
  number: number,
  stars: number,
): { offset: number; length: number } {
  return { offset: recordBytes * firstStar + CRC_BYTES * number, length: recordBytes * stars + CRC_BYTES };
}

/**
 * The records of a block of `stars` stars, `recordBytes` each. Its CRC-32 goes on from that of the tile whose stars they
 * are.
 *
 * @throws SiteError where they are damaged, or those of another tile. `what` names them.
 */
export function decodeSideBlock(
  data: Uint8Array,
  recordBytes: number,
  stars: number,
  tileCrc: number,
  what: string,
): DataView {
  const size = recordBytes * stars;
  if (data.length !== size + CRC_BYTES) {
    throw new SiteError(`${what} is damaged: it has ${data.length} bytes for ${stars} stars of ${recordBytes}`);
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  checkCrc(data.subarray(0, size), view.getUint32(size, true), what, tileCrc);
  return new DataView(data.buffer, data.byteOffset, size);
}

/** The identifiers of a block of the side file `ids`. */
export function decodeIds(data: Uint8Array, stars: number, tileCrc: number, what: string): BigUint64Array {
  const view = decodeSideBlock(data, ID_BYTES, stars, tileCrc, what);
  return BigUint64Array.from({ length: stars }, (_, i) => view.getBigUint64(ID_BYTES * i, true));
}
