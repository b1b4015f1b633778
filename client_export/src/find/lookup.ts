/** Where the star of an identifier is: one table, read once, and one range of a file of all stars by identifier. */
import { SiteError } from "../errors.ts";
import type { Folder } from "../http.ts";
import { type Landmark, STAR_RADIUS_M } from "../landmark.ts";
import { PackReader } from "../pack_reader.ts";
import { decimal } from "../text/numbers.ts";
import { TEXT } from "../text/text.ts";
import { checkCrc } from "../v2/crc32.ts";
import { magnitudeOf, placeInto } from "../v2/quantities.ts";

const MAGIC = "HELIOSid";
const [HEAD_BYTES, ENTRY_BYTES, RECORD_BYTES] = [20, 12, 24];
const [BLOCK_STARS, SHARD_BLOCKS] = [2048, 6144];

export class Lookup {
  private readonly readers = new Map<number, PackReader>();
  /** The block that was read last: who types digit by digit asks for it again. */
  private last: { number: number; records: DataView; stars: number } | null = null;

  private constructor(
    private readonly folder: Folder,
    private readonly name: string,
    private readonly table: DataView,
  ) {}

  /** Reads the table, the file `name` of `folder`. @throws SiteError where it cannot be read or is damaged. */
  static async open(folder: Folder, name: string): Promise<Lookup> {
    const data = await folder.bytes(name);
    const what = folder.path + name;
    if (String.fromCharCode(...data.subarray(0, MAGIC.length)) !== MAGIC || data.length < HEAD_BYTES) {
      throw new SiteError(`${what} is no table of identifiers`);
    }
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    checkCrc(data.subarray(12), view.getUint32(8, true), what);
    const table = new Lookup(folder, name, view);
    if (data.length !== HEAD_BYTES + ENTRY_BYTES * Math.ceil(table.stars / BLOCK_STARS)) {
      throw new SiteError(`${what} is damaged: it has ${data.length} bytes for ${table.stars} stars`);
    }
    return table;
  }

  /** A star of `identifier`; null where there is none. @throws SiteError as `open`. */
  async find(identifier: bigint): Promise<Landmark | null> {
    const number = this.blockOf(identifier);
    if (number < 0) return null;
    if (this.last?.number === number) return starOf(this.last.records, this.last.stars, identifier);
    const [shard, at] = [Math.floor(number / SHARD_BLOCKS), number % SHARD_BLOCKS];
    const stars = Math.min(BLOCK_STARS, this.stars - number * BLOCK_STARS);
    const stem = String(shard).padStart(5, "0");
    const url = `${this.folder.path}${this.name.replace(/\.bin$/, `-${stem}.bin`)}`;
    const reader = this.readers.get(shard) ?? new PackReader(url, null, this.folder.fetcher);
    this.readers.set(shard, reader);
    let block = new Uint8Array();
    try {
      const entry = { offset: at * BLOCK_STARS * RECORD_BYTES, size: stars * RECORD_BYTES };
      await reader.read([entry], (_, bytes) => (block = bytes.slice()));
    } catch (reason) {
      this.readers.delete(shard); // it is asked for again, as if for the first time
      throw reason;
    }
    checkCrc(block, this.table.getUint32(HEAD_BYTES + ENTRY_BYTES * number + 8, true), `${url}, block ${number},`);
    this.last = { number, records: new DataView(block.buffer), stars };
    return starOf(this.last.records, stars, identifier);
  }

  private get stars(): number {
    return Number(this.table.getBigUint64(12, true));
  }

  private firstOf(number: number): bigint {
    return this.table.getBigUint64(HEAD_BYTES + ENTRY_BYTES * number, true);
  }

  /** A block that has `identifier` if any has: the first that begins with it, or the last that begins before it. */
  private blockOf(identifier: bigint): number {
    let [low, high] = [0, Math.ceil(this.stars / BLOCK_STARS)];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.firstOf(middle) < identifier) low = middle + 1;
      else high = middle;
    }
    const begins = low < Math.ceil(this.stars / BLOCK_STARS) && this.firstOf(low) === identifier;
    return begins ? low : low - 1;
  }
}

function starOf(records: DataView, stars: number, identifier: bigint): Landmark | null {
  let [low, high] = [0, stars];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (records.getBigUint64(RECORD_BYTES * middle, true) < identifier) low = middle + 1;
    else high = middle;
  }
  const at = RECORD_BYTES * low;
  if (low === stars || records.getBigUint64(at, true) !== identifier) return null;
  const place = new Float64Array(3);
  placeInto(place, 0, ...([8, 12, 16].map((field) => records.getUint32(at + field, true)) as [number, number, number]));
  return {
    id: `star-numbered-${identifier}`,
    name: `${TEXT.places.star} ${identifier}`,
    kind: "star",
    position: [place[0], place[1], place[2]],
    radiusM: STAR_RADIUS_M,
    description: `${TEXT.places.star}, G ${decimal(magnitudeOf(records.getUint16(at + 20, true)), 1)}`,
  };
}
