/** Numbers of whole bytes, one after the other, little-endian. */
import { SiteError } from "../errors.ts";

/** The unsigned LEB128 number in bytes that `next` gives, at most 5 and none of them spare; null if it is none. */
export function varintOf(next: () => number): number | null {
  let value = 0;
  for (let scale = 1; scale < 2 ** 35; scale *= 128) {
    const byte = next();
    value += (byte & 127) * scale;
    if (byte < 128) return byte || scale === 1 ? value : null;
  }
  return null;
}

export class Bytes {
  private readonly view: DataView;
  at = 0;

  /** `what` names the bytes in errors. */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly what: string,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  fail(why: string): never {
    throw new SiteError(`${this.what} is damaged: ${why}`);
  }

  u8(): number {
    return this.view.getUint8(this.take(1));
  }

  u16(): number {
    return this.view.getUint16(this.take(2), true);
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  /** Exact up to 2^53. */
  u64(): number {
    const low = this.u32();
    return low + 2 ** 32 * this.u32();
  }

  f64(): number {
    return this.view.getFloat64(this.take(8), true);
  }

  varint(): number {
    return varintOf(() => this.u8()) ?? this.fail(`it holds no number at byte ${this.at}`);
  }

  /** The next `count` bytes. */
  raw(count: number): Uint8Array {
    const from = this.take(count);
    return this.bytes.subarray(from, from + count);
  }

  /** Fails unless all has been read. */
  finish(): void {
    if (this.at !== this.bytes.length) this.fail(`it has ${this.bytes.length} bytes, its cells take ${this.at}`);
  }

  private take(count: number): number {
    if (this.at + count > this.bytes.length) this.fail(`it ends at byte ${this.bytes.length}`);
    this.at += count;
    return this.at - count;
  }
}
