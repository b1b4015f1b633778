/** Side files of pack v2: what is fetched of single stars when it is used, in the order of the tiles. */
import { SiteError } from "../errors.ts";
import { checkCrc } from "./crc32.ts";

/** A kind of side file: the files `ids-sky.bin`, `ids-00000.bin`, ... with so many bytes a star. */
export interface Side {
  name: string;
  recordBytes: number;
}

export const IDS: Side = { name: "ids", recordBytes: 8 };
export const MOTION: Side = { name: "motion", recordBytes: 12 };
export const DISTANCES: Side = { name: "distances", recordBytes: 8 };

/** All kinds, in the order of their bits in a head. */
const SIDES: readonly Side[] = [IDS, MOTION, DISTANCES];

/** The kinds of side files of the pack whose head has these `bits`. */
export function sidesOf(bits: number): Side[] {
  return SIDES.filter((_, i) => (bits >> i) & 1);
}

const CRC_BYTES = 4;

/** Where the block of the tile `number` of a shard lies in its side file. */
export function sideBlockRange(
  { recordBytes }: Side,
  firstStar: number,
  number: number,
  stars: number,
): { offset: number; length: number } {
  return { offset: recordBytes * firstStar + CRC_BYTES * number, length: recordBytes * stars + CRC_BYTES };
}

/**
 * The records of a block of `stars` stars. Its CRC-32 goes on from that of the tile whose stars they are.
 *
 * @throws SiteError where they are damaged, or those of another tile. `what` names them.
 */
function decodeSideBlock(
  data: Uint8Array,
  { recordBytes }: Side,
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

function decodeFloats(data: Uint8Array, side: Side, stars: number, tileCrc: number, what: string): Float32Array {
  const view = decodeSideBlock(data, side, stars, tileCrc, what);
  return Float32Array.from({ length: view.byteLength / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

/** The identifiers of the stars of a block. @throws SiteError where they are damaged, or of another tile. */
export function decodeIds(data: Uint8Array, stars: number, tileCrc: number, what: string): BigUint64Array {
  const view = decodeSideBlock(data, IDS, stars, tileCrc, what);
  return BigUint64Array.from({ length: stars }, (_, i) => view.getBigUint64(8 * i, true));
}

/** [stars, 3] metres per Julian year along the axes of places. @throws SiteError as `decodeIds`. */
export function decodeMotion(data: Uint8Array, stars: number, tileCrc: number, what: string): Float32Array {
  return decodeFloats(data, MOTION, stars, tileCrc, what);
}

/** [stars, 2] parsecs: the 16 % and 84 % quantiles of the distance, NaN if unknown. @throws SiteError as `decodeIds`. */
export function decodeDistances(data: Uint8Array, stars: number, tileCrc: number, what: string): Float32Array {
  return decodeFloats(data, DISTANCES, stars, tileCrc, what);
}
