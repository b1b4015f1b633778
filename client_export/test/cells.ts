/** Cells for the tests, encoded here without an LZ4 compressor: a block of literals only is a valid block. */
import type { Cell } from "../src/cell.ts";
import { cellOf as cellOfFile } from "../src/v1_file.ts";
import type { Vec3 } from "../src/vec.ts";

/** An LZ4 block that holds `raw` as one run of literals. */
export function literalBlock(raw: Uint8Array): Uint8Array {
  const lengths: number[] = [];
  if (raw.length >= 15) {
    let left = raw.length - 15;
    for (; left >= 255; left -= 255) lengths.push(255);
    lengths.push(left);
  }
  return Uint8Array.from([Math.min(raw.length, 15) << 4, ...lengths, ...raw]);
}

/** The file of a cell 7_8_9 whose splats are `splats` (14 numbers each). */
export function encodeCell(splats: number[][], header: Record<string, unknown> = {}): Uint8Array {
  const raw = new Uint8Array(Float32Array.from(splats.flat()).buffer);
  const corner = (value: number) => ({ x: value, y: value, z: value });
  const json = new TextEncoder().encode(
    JSON.stringify({
      id: { l: 7, theta: 8, phi: 9 },
      bounds: { min: corner(-2), max: corner(2), centroid: { x: 1e17, y: -2e17, z: 3e17 } },
      splat_count: splats.length,
      compressed: true,
      ...header,
    }),
  );
  const block = literalBlock(raw);
  const bytes = new Uint8Array(8 + json.length + block.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, json.length, true);
  bytes.set(json, 4);
  view.setUint32(4 + json.length, raw.length, true);
  bytes.set(block, 8 + json.length);
  return bytes;
}

/** A splat at `position` (metres from the centroid): isotropic of size `sigma`, white, opacity 0.5. */
export function splatAt(position: readonly number[], sigma = 1): number[] {
  return [...position, sigma, sigma, sigma, 0, 0, 0, 1, 1, 1, 1, 0.5];
}

/** A cell around `origin`. */
export function cellOf(splats: number[][], origin: Vec3, halfBox: number): Cell {
  const corner = (sign: number): Vec3 => [
    origin[0] + sign * halfBox,
    origin[1] + sign * halfBox,
    origin[2] + sign * halfBox,
  ];
  return cellOfFile({
    id: { l: 7, theta: 8, phi: 9 },
    bounds: { min: corner(-1), max: corner(1), centroid: corner(0) },
    count: splats.length,
    splats: Float32Array.from(splats.flat()),
  });
}
