/** CRC-32 as zlib computes it (reflected polynomial 0xEDB88320), eight bytes at a time. */
import { SiteError } from "../errors.ts";

const TABLES = new Uint32Array(8 * 256);
for (let i = 0; i < 256; i++) {
  let crc = i;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  TABLES[i] = crc;
}
for (let i = 256; i < TABLES.length; i++) TABLES[i] = TABLES[TABLES[i - 256] & 255] ^ (TABLES[i - 256] >>> 8);

/** The CRC-32 of `bytes`; with `before`, of what had that CRC-32 followed by `bytes`. */
export function crc32(bytes: Uint8Array, before = 0): number {
  const whole = bytes.length & ~7;
  let crc = ~before;
  let at = 0;
  for (; at < whole; at += 8) {
    const low = crc ^ (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24));
    crc =
      TABLES[1792 | (low & 255)] ^
      TABLES[1536 | ((low >>> 8) & 255)] ^
      TABLES[1280 | ((low >>> 16) & 255)] ^
      TABLES[1024 | (low >>> 24)] ^
      TABLES[768 | bytes[at + 4]] ^
      TABLES[512 | bytes[at + 5]] ^
      TABLES[256 | bytes[at + 6]] ^
      TABLES[bytes[at + 7]];
  }
  for (; at < bytes.length; at++) crc = TABLES[(crc ^ bytes[at]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** @throws SiteError where `bytes` have another CRC-32 than `crc`. `what` names them. */
export function checkCrc(bytes: Uint8Array, crc: number, what: string, before = 0): void {
  const found = crc32(bytes, before);
  if (found === crc) return;
  throw new SiteError(`${what} is damaged: its CRC-32 is ${found.toString(16)}, not ${crc.toString(16)}`);
}
