// An independent reader of the v1 layout, for tests: written from client_export/FORMAT.md, shares nothing with Helios.
//
//   node read_v1.mjs DIR pack OUT    every cell of DIR/cells.pack.bin, as DIR/cells.pack.json lists them
//   node read_v1.mjs DIR cells OUT   every file of DIR/cells/, as DIR/index.json lists them
//
// OUT becomes the 14 float32 of every splat, little-endian, cell after cell; stdout one JSON array with, for each
// cell, what its header says and how many bytes of OUT are its own. Anything that does not fit is an error.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FLOATS = 14;

function check(condition, message) {
  if (!condition) throw new Error(message);
}

// LZ4 block format: sequences of token, literal length, literals, 16-bit offset, match length; the last has no match.
function decodeLz4Block(source, size) {
  const output = new Uint8Array(size);
  let read = 0;
  let written = 0;
  const length = (nibble) => {
    let total = nibble;
    if (nibble === 15) {
      let more;
      do {
        check(read < source.length, "LZ4: the block ends inside a length");
        more = source[read++];
        total += more;
      } while (more === 255);
    }
    return total;
  };
  for (;;) {
    check(read < source.length, "LZ4: the block ends before a token");
    const token = source[read++];
    const literals = length(token >> 4);
    check(read + literals <= source.length && written + literals <= size, "LZ4: literals run over");
    output.set(source.subarray(read, read + literals), written);
    read += literals;
    written += literals;
    if (read === source.length) break;
    check(read + 2 <= source.length, "LZ4: the block ends inside an offset");
    const offset = source[read] | (source[read + 1] << 8);
    read += 2;
    const match = length(token & 15) + 4;
    check(offset > 0 && offset <= written && written + match <= size, "LZ4: a match runs over");
    for (let i = 0; i < match; i++, written++) output[written] = output[written - offset]; // may overlap itself
  }
  check(written === size, `LZ4: ${written} bytes came out, ${size} were announced`);
  return output;
}

function decodeCell(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(4, 4 + headerLength)));
  const rawSize = view.getUint32(4 + headerLength, true);
  check(rawSize === header.splat_count * FLOATS * 4, `raw size ${rawSize} for ${header.splat_count} splats`);
  return { header, raw: decodeLz4Block(bytes.subarray(8 + headerLength), rawSize) };
}

function* packedCells(directory) {
  const manifest = JSON.parse(readFileSync(join(directory, "cells.pack.json"), "utf-8"));
  check(manifest.version === 1, `version ${manifest.version}`);
  const pack = readFileSync(join(directory, manifest.pack_file));
  check(pack.length === manifest.total_size_bytes, `${pack.length} bytes, not ${manifest.total_size_bytes}`);
  for (const { file_name, offset, size } of manifest.cells) {
    check(offset >= 0 && offset + size <= pack.length, `${file_name} lies outside the pack`);
    yield [file_name, pack.subarray(offset, offset + size)];
  }
}

function* looseCells(directory) {
  const index = JSON.parse(readFileSync(join(directory, "index.json"), "utf-8"));
  for (const { file_name, file_size_bytes } of index.cells) {
    const bytes = readFileSync(join(directory, "cells", file_name));
    check(bytes.length === file_size_bytes, `${file_name}: ${bytes.length} bytes, not ${file_size_bytes}`);
    yield [file_name, bytes];
  }
}

const [directory, kind, out] = process.argv.slice(2);
const headers = [];
const chunks = [];
for (const [name, bytes] of (kind === "pack" ? packedCells : looseCells)(directory)) {
  const { header, raw } = decodeCell(bytes);
  headers.push({ file_name: name, header, bytes: raw.length });
  chunks.push(raw);
}
writeFileSync(out, Buffer.concat(chunks));
process.stdout.write(JSON.stringify(headers));
