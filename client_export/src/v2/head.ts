/** The head of a pack v2: its totals, what the first sky needs, the colours, and the first page of the index. */
import { SiteError } from "../errors.ts";
import { Bytes } from "./bytes.ts";
import { ROOT } from "./cell_id.ts";
import { checkCrc } from "./crc32.ts";
import { type IndexCell, type Page, type TileEntry, readPage, readTile } from "./index.ts";
import { UNKNOWN_COLOR } from "./quantities.ts";

export interface Head {
  shards: number;
  /** Of the whole pack. */
  stars: number;
  /** Steradians at exposure 1: the light of all stars, seen from the Sun. */
  light: number;
  sky: TileEntry;
  /** `color` is a colour index, `n` the texels along the side of a face. */
  glow: { length: number; crc: number; color: number; n: number };
  /** Bits of the kinds of side files that the pack has: `sidesOf`. */
  sides: number;
  /** [128, 3] linear RGB of luminance 1 of the colour indices. */
  palette: Float32Array;
  root: IndexCell;
  /** The root's; its tiles begin at the first byte of the first shard. */
  page: Page;
}

const MAGIC = "HELIOSv2";
/** The bits of side files that a head may have: those of `SIDES` of `side.ts`, of which that of IDS is always set. */
const SIDE_BITS = 7;
const MOST_BYTES = 8192;
const MOST_GLOW_N = 256;

/** @throws SiteError where `data` is not a head and nothing but it. `what` names it. */
export function decodeHead(data: Uint8Array, what: string): Head {
  if (String.fromCharCode(...data.subarray(0, MAGIC.length)) !== MAGIC) {
    throw new SiteError(`${what} is not the head of a v2 pack`);
  }
  const bytes = new Bytes(data, what);
  bytes.raw(MAGIC.length);
  if (data.length > MOST_BYTES) bytes.fail(`it has ${data.length} bytes, at most ${MOST_BYTES}`);
  const crc = bytes.u32();
  checkCrc(data.subarray(bytes.at), crc, what);
  const [shards, stars, light] = [bytes.u32(), bytes.u64(), bytes.f64()];
  const [length, skyCrc, skyStars] = [bytes.u32(), bytes.u32(), bytes.u32()];
  const glow = { length: bytes.u32(), crc: bytes.u32(), color: bytes.u8(), n: bytes.u16() };
  if (!(light >= 0 && light < Infinity && skyStars <= stars && stars <= Number.MAX_SAFE_INTEGER)) {
    bytes.fail(`light ${light}, ${stars} stars, ${skyStars} of them in the sky`);
  }
  const sides = bytes.u8();
  if (sides > SIDE_BITS || !(sides & 1)) bytes.fail(`side files ${sides}`);
  if (glow.color > UNKNOWN_COLOR || glow.n < 1 || glow.n > MOST_GLOW_N) {
    bytes.fail(`glow of colour ${glow.color} and ${glow.n} texels a side`);
  }
  const palette = new Float32Array(3 * (UNKNOWN_COLOR + 1)).fill(1);
  for (let i = 0; i < 3 * UNKNOWN_COLOR; i++) palette[i] = bytes.u16() / 8192;
  const childMask = bytes.u8();
  const root = { id: ROOT, childMask, extent: 0, errors: new Float32Array(12), ...readTile(bytes, ROOT, childMask) };
  const page = readPage(bytes, root);
  bytes.finish();
  const farthest = page.cells.reduce((most, cell) => Math.max(most, cell.page?.shard ?? 0), 0);
  if (root.page || (childMask && farthest >= shards)) bytes.fail(`its cells lie outside its ${shards} shards`);
  return { shards, stars, light, sky: { length, stars: skyStars, crc: skyCrc }, glow, sides, palette, root, page };
}
