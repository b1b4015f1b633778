/** Tiles of pack v2: the stars, proxies and splats with shape of several cells, from bits to numbers. */
import { SiteError } from "../errors.ts";
import { Bits } from "./bits.ts";
import { type CellId, nameOf } from "./cell_id.ts";
import { COL_BITS, LON_BITS, MAX_DEPTH, PROXY_BITS, RAD_BITS, placeInto, scaleOf, sizeOf } from "./quantities.ts";

/** `count` stars, brightest first inside a cell. */
export interface Stars {
  count: number;
  /** [count, 3] metres, barycentric mean ecliptic J2000. */
  place: Float64Array;
  /** `magnitudeOf` gives G from the Sun. */
  mag: Uint16Array;
  /** Index of the head's colours. */
  color: Uint8Array;
}

/** `count` isotropic splats that stand for the light of the cell's children. */
export interface Proxies extends Stars {
  /** The number of the child. */
  child: Uint8Array;
  /** Standard deviation, metres; 0 is a point. */
  sigma: Float64Array;
}

/** `count` splats with shape. */
export interface Shaped {
  count: number;
  place: Float64Array;
  mag: Uint16Array;
  /** [count, 3] standard deviations along their own axes, metres. */
  scale: Float64Array;
  /** [count, 4] rotation w, x, y, z, of norm 1. */
  quat: Float32Array;
  /** [count, 3] linear RGB. */
  rgb: Float32Array;
}

/** What one cell holds. */
export interface CellContent {
  cell: CellId;
  stars: Stars;
  proxies: Proxies;
  shaped: Shaped;
}

const SHAPED_BITS = 16;
const CHILD_BITS = 3;
const SIZE_BITS = 7;
/** First magnitude, Rice parameter of its steps, colour around which all are, Rice parameter of colours. */
const LEAD = [16, 4, 7, 4];
/** Three scales, the rotation, the colour, and the magnitude. */
const SHAPE_BITS = 3 * 10 + 32 + 3 * 8 + 16;

/** Bits of (lon, col, rad) that a cell of `depth` leaves open. */
const bitsBelow = (depth: number): [number, number, number] => [
  LON_BITS - depth - 1,
  COL_BITS - Math.max(depth, 0),
  RAD_BITS - depth - 1,
];

const sumOf = (widths: readonly number[]): number => widths.reduce((sum, width) => sum + width);

/**
 * The contents of `cells`, whose blocks follow each other in `bytes`: the children of a tile's cell, or the root alone
 * in the sky's. `what` names the tile. The caller has compared the CRC-32.
 *
 * @throws SiteError where the bytes are not these blocks and nothing but them.
 */
export function decodeTile(bytes: Uint8Array, cells: readonly CellId[], what: string): CellContent[] {
  let cell = cells[0];
  const bits = new Bits(bytes, (why) => {
    throw new SiteError(`${what} is damaged: the block of cell ${nameOf(cell)} ${why}`);
  });
  const contents = cells.map((each) => {
    cell = each;
    return decodeBlock(bits, each);
  });
  bits.finish();
  return contents;
}

function decodeBlock(bits: Bits, cell: CellId): CellContent {
  const [stars, proxies, shaped] = [bits.varint(), bits.varint(), bits.varint()];
  const content = {
    cell,
    stars: starsOf(bits, cell, stars),
    proxies: proxiesOf(bits, cell, proxies),
    shaped: shapedOf(bits, cell, shaped),
  };
  bits.align();
  return content;
}

/**
 * The `LEAD` of `count` records; zeros, which are not stored, where there are none. Fails unless so many can be left, of
 * `width` bits and two codes each; the first has no step.
 */
function leadOf(bits: Bits, count: number, width: number): number[] {
  if (!count) return [0, 0, 0, 0];
  bits.need(sumOf(LEAD) + count * (width + 2) - 1);
  return LEAD.map((each) => bits.get(each));
}

function starsOf(bits: Bits, cell: CellId, count: number): Stars {
  const left = bitsBelow(cell.depth);
  const [firstMag, rice, middle, colorRice] = leadOf(bits, count, sumOf(left));
  const place = new Float64Array(3 * count);
  placesOf(bits, cell, count, left, left, null, place);
  const color = bits.colors(new Uint8Array(count), middle, colorRice);
  return { count, place, color, mag: bits.magnitudes(new Uint16Array(count), firstMag, rice, 1) };
}

function proxiesOf(bits: Bits, cell: CellId, count: number): Proxies {
  const left = bitsBelow(cell.depth + 1);
  const kept = left.map((width) => Math.min(width, PROXY_BITS));
  const width = CHILD_BITS + sumOf(kept) + SIZE_BITS;
  const [firstMag, rice, middle, colorRice] = leadOf(bits, count, width);
  if (firstMag & 1) bits.fail("has an odd magnitude of a proxy");
  const child = bits.column(new Uint8Array(count), CHILD_BITS);
  if (count && (cell.depth === MAX_DEPTH || (cell.depth < 0 && child.some((k) => k & 1)))) {
    bits.fail("has a proxy of a child that cannot be");
  }
  const place = new Float64Array(3 * count);
  const sigma = placesOf(bits, cell, count, left, kept, child, place);
  const size = bits.column(new Uint8Array(count), SIZE_BITS);
  for (let i = 0; i < count; i++) sigma[i] *= sizeOf(size[i]);
  const color = bits.colors(new Uint8Array(count), middle, colorRice);
  const mag = bits.magnitudes(new Uint16Array(count), firstMag, rice, 2);
  return { count, child, place, sigma, color, mag };
}

function shapedOf(bits: Bits, cell: CellId, count: number): Shaped {
  const left = bitsBelow(cell.depth);
  const kept = left.map((width) => Math.min(width, SHAPED_BITS));
  bits.need(count * (sumOf(kept) + SHAPE_BITS));
  const place = new Float64Array(3 * count);
  const r = placesOf(bits, cell, count, left, kept, null, place);
  const mag = bits.column(new Uint16Array(count), 16);
  const scale = new Float64Array(3 * count);
  for (let axis = 0; axis < 3; axis++) {
    for (let i = 0; i < count; i++) scale[3 * i + axis] = r[i] * scaleOf(bits.get(10));
  }
  const quat = new Float32Array(4 * count);
  for (let i = 0; i < count; i++) rotationInto(quat, 4 * i, bits);
  const rgb = new Float32Array(3 * count);
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0; i < count; i++) rgb[3 * i + channel] = bits.get(8) / 32;
  }
  return { count, place, mag, scale, quat, rgb };
}

/**
 * Reads `count` places into `place`; gives their distances from the Sun, metres.
 *
 * Below its prefix, that of the cell or of the record's `child`, an integer has `left` bits, of which the upper `kept`
 * are stored; the others are 1 followed by zeros, the middle.
 */
function placesOf(
  bits: Bits,
  cell: CellId,
  count: number,
  left: readonly number[],
  kept: readonly number[],
  child: Uint8Array | null,
  place: Float64Array,
): Float64Array {
  const [lon, col, rad] = [cell.theta, cell.phi, cell.l].map((index, axis) => {
    const steps = bits.column(new Int32Array(count), kept[axis]);
    const cut = left[axis] - kept[axis];
    const middle = (1 << cut) >> 1;
    const bit = [1, 0, 2][axis];
    for (let i = 0; i < count; i++) {
      const prefix = child ? (index << 1) | ((child[i] >> bit) & 1) : index;
      steps[i] = (prefix << left[axis]) | (steps[i] << cut) | middle;
    }
    return steps;
  });
  const r = new Float64Array(count);
  for (let i = 0; i < count; i++) r[i] = placeInto(place, 3 * i, lon[i], col[i], rad[i]);
  return r;
}

/** The rotation whose largest component is left out: its number, then the others of w, x, y, z in 10 bits each. */
function rotationInto(quat: Float32Array, at: number, bits: Bits): void {
  const largest = bits.get(2);
  let rest = 1;
  for (let i = 0; i < 4; i++) {
    if (i === largest) continue;
    const value = ((bits.get(10) / 1023) * 2 - 1) * Math.SQRT1_2;
    quat[at + i] = value;
    rest -= value * value;
  }
  quat[at + largest] = Math.sqrt(Math.max(rest, 0));
  const norm = Math.hypot(quat[at], quat[at + 1], quat[at + 2], quat[at + 3]);
  for (let i = 0; i < 4; i++) quat[at + i] /= norm;
}
