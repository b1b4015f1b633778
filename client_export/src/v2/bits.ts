/** Numbers of a bit stream, least significant bit first. */
import { varintOf } from "./bytes.ts";

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

  /** Fails unless so many bits are left. */
  need(bits: number): void {
    if (bits > this.end - this.at) this.fail("ends too early");
  }

  /** The next number of at most 25 bits. */
  get(width: number): number {
    const value = wordAt(this.bytes, this.at) & ((1 << width) - 1);
    this.at += width;
    return value;
  }

  /** Numbers of `width` bits, at most 25, one after the other. */
  column<T extends Uint8Array | Uint16Array | Int32Array>(into: T, width: number): T {
    const { bytes } = this;
    const mask = (1 << width) - 1;
    let at = this.at;
    for (let i = 0; i < into.length; i++, at += width) into[i] = wordAt(bytes, at) & mask;
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

  /** Colours around `middle`: Rice codes, with parameter `k`, of their differences from it, folded. */
  colors(into: Uint8Array, middle: number, k: number): Uint8Array {
    for (let i = 0; i < into.length; i++) {
      const fold = this.rice(k);
      const color = middle + ((fold >> 1) ^ -(fold & 1));
      if (color >> 7) this.fail("has a colour outside 0 to 127");
      into[i] = color;
    }
    return into;
  }

  varint(): number {
    const next = () => {
      this.need(8);
      return this.get(8);
    };
    return varintOf(next) ?? this.fail("has a count that is none");
  }

  /** Goes on at the next whole byte; what is left before it must be zeros. */
  align(): void {
    if (this.get(-this.at & 7) !== 0) this.fail("ends in bits that are not zero");
  }

  /** Fails unless all has been read. */
  finish(): void {
    if (this.at !== this.end) this.fail(`has ${this.end / 8} bytes, its cells take ${this.at / 8}`);
  }

  /** The next Rice code with parameter `k`. */
  private rice(k: number): number {
    const rest = ~wordAt(this.bytes, this.at) | (1 << 24);
    const ones = 31 - Math.clz32(rest & -rest);
    const escaped = ones === 24;
    this.at += escaped ? 24 : ones + 1;
    const width = escaped ? 16 : k;
    this.need(width);
    const low = this.get(width);
    return escaped ? low : (ones << k) | low;
  }
}

/** The bits from `at` on, of which 25 are to be looked at. */
function wordAt(bytes: Uint8Array, at: number): number {
  const byte = at >>> 3;
  const word = bytes[byte] | (bytes[byte + 1] << 8) | (bytes[byte + 2] << 16) | (bytes[byte + 3] << 24);
  return word >>> (at & 7);
}
