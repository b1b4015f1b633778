/**
 * Times the decoders of pack v2: `run(tiles)` decodes and checks tiles, several times, for `bench_v2_codec.py`, which
 * bundles this file for Node and for a browser.
 */
import type { CellId } from "../../client_export/src/v2/cell_id.ts";
import { checkCrc } from "../../client_export/src/v2/crc32.ts";
import { decodeTile } from "../../client_export/src/v2/tile.ts";

interface Job {
  /** base64 */
  data: string;
  cells: [number, number, number, number][];
  crc: number;
}

/** Milliseconds of each of `rounds` over all tiles, the first of them cold, and the records of one round. */
export function run(jobs: Job[], rounds: number): { ms: number[]; records: number } {
  const tiles = jobs.map(({ data, cells, crc }) => ({
    bytes: Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)),
    cells: cells.map(([depth, l, theta, phi]): CellId => ({ depth, l, theta, phi })),
    crc,
  }));
  const ms: number[] = [];
  let records = 0;
  for (let round = 0; round < rounds; round++) {
    records = 0;
    const started = performance.now();
    for (const { bytes, cells, crc } of tiles) {
      checkCrc(bytes, crc, "tile");
      for (const { stars, proxies } of decodeTile(bytes, cells, "tile")) records += stars.count + proxies.count;
    }
    ms.push(performance.now() - started);
  }
  return { ms, records };
}
