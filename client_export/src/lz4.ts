import { SiteError } from "./errors.ts";

/**
 * The `rawSize` bytes that an LZ4 block holds.
 *
 * A block (not a frame: no magic number, no checksum) is a run of sequences: a token, whose high nibble counts
 * literals and whose low nibble counts copied bytes less four, either nibble being continued by bytes while they
 * are 255; the literals; a 16-bit little-endian offset back into what was written. The last sequence ends with its
 * literals. Source: lz4_Block_format.md of the LZ4 project.
 *
 * @throws SiteError naming `what` when the block ends early, points before its start, or gives another size.
 */
export function decodeLz4Block(block: Uint8Array, rawSize: number, what: string): Uint8Array {
  const out = new Uint8Array(rawSize);
  let read = 0;
  let written = 0;

  const damaged = (why: string) => new SiteError(`${what}: the LZ4 block is damaged at byte ${read}: ${why}`);
  const lengthFrom = (nibble: number): number => {
    let length = nibble;
    if (nibble === 15) {
      let more: number;
      do {
        if (read >= block.length) throw damaged("it ends inside a length");
        more = block[read++];
        length += more;
      } while (more === 255);
    }
    return length;
  };

  while (read < block.length) {
    const token = block[read++];
    const literals = lengthFrom(token >> 4);
    if (read + literals > block.length) throw damaged("it ends inside its literals");
    if (written + literals > rawSize) throw damaged(`it holds more than the ${rawSize} bytes announced`);
    out.set(block.subarray(read, read + literals), written);
    read += literals;
    written += literals;
    if (read === block.length) break;

    if (read + 2 > block.length) throw damaged("it ends inside an offset");
    const offset = block[read] | (block[read + 1] << 8);
    read += 2;
    if (offset === 0 || offset > written) throw damaged(`offset ${offset} with ${written} bytes written`);
    const copied = lengthFrom(token & 15) + 4;
    if (written + copied > rawSize) throw damaged(`it holds more than the ${rawSize} bytes announced`);
    // Byte by byte: a copy may read what it has just written, which is how runs are stored.
    for (let i = 0; i < copied; i++, written++) out[written] = out[written - offset];
  }
  if (written !== rawSize) throw damaged(`it holds ${written} bytes, ${rawSize} were announced`);
  return out;
}
