/** Numbers of a bit stream, least significant bit first. */

/** Spare bytes after the data, so that a number can be read as four bytes wherever it begins. */
const SPARE = 8;

/**
 * Reads bits, at `at`, of bytes. Whoever reads says `need` first: what was not there is not read.
 *
 * @param fail Called, and expected to throw, where the bytes end too early.
 */
export class Bits {
  private readonly bytes: Uint8Array;
  private readonly end: number;
  at = 0;

  constructor(
    bytes: Uint8Array,
    readonly fail: (why: string) => never,
  ) {
    this.bytes = new Uint8Array(bytes.length + SPARE);
    this.bytes.set(bytes);
    this.end = 8 * bytes.length;
  }

  /** Fails unless `count` records of `width` bits are left. */
  need(count: number, width: number): void {
    if (count * width > this.end - this.at) this.fail("ends before the records it announces");
  }

  /** The next number of at most 25 bits. */
  get(width: number): number {
    const value = this.window() & ((1 << width) - 1);
    this.at += width;
    return value;
  }

  /** Numbers of `width` bits, at most 25, one after the other. */
  column<T extends Uint8Array | Uint16Array | Int32Array>(into: T, width: number): T {
    const { bytes } = this;
    const mask = (1 << width) - 1;
    let at = this.at;
    for (let i = 0; i < into.length; i++, at += width) {
      const byte = at >>> 3;
      const word = bytes[byte] | (bytes[byte + 1] << 8) | (bytes[byte + 2] << 16) | (bytes[byte + 3] << 24);
      into[i] = (word >>> (at & 7)) & mask;
    }
    this.at = at;
    return into;
  }

  /** Magnitudes that begin with `first` and go on in steps of `unit`, Rice codes with parameter `k`. */
  magnitudes(into: Uint16Array, first: number, k: number, unit: number): Uint16Array {
    let mag = first;
    for (let i = 0; i < into.length; i++) {
      if (i > 0) mag += unit * this.rice(k);
      if (mag > 65535) this.fail("has a magnitude above 655.35 - 100");
      into[i] = mag;
    }
    return into;
  }

  /** The next unsigned LEB128 number, of at most 5 bytes and none of them spare. */
  varint(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 35; scale *= 128) {
      if (this.at + 8 > this.end) break;
      const byte = this.get(8);
      value += (byte & 127) * scale;
      if (byte < 128 && (byte > 0 || scale === 1)) return value;
      if (byte === 0) break;
    }
    return this.fail("ends inside a count, or has none");
  }

  /** Goes on at the next whole byte; what is left before it must be zeros. */
  align(): void {
    if (this.get(-this.at & 7) !== 0) this.fail("ends in bits that are not zero");
  }

  /** Fails unless all has been read. */
  finish(): void {
    if (this.at !== this.end) this.fail(`has ${this.end / 8} bytes, its cells take ${this.at / 8}`);
  }

  private rice(k: number): number {
    const word = ~this.window() | (1 << 24);
    const ones = 31 - Math.clz32(word & -word);
    const escaped = ones === 24;
    const width = escaped ? 16 : k;
    this.at += escaped ? 24 : ones + 1;
    if (this.at + width > this.end) this.fail("ends before the records it announces");
    const low = this.get(width);
    return escaped ? low : (ones << k) | low;
  }

  /** The next 25 bits, and some that are not to be looked at. */
  private window(): number {
    const { bytes, at } = this;
    const byte = at >>> 3;
    const word = bytes[byte] | (bytes[byte + 1] << 8) | (bytes[byte + 2] << 16) | (bytes[byte + 3] << 24);
    return word >>> (at & 7);
  }
}
