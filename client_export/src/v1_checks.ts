/** What tells damage of a pack v1: the checksums that Helios writes beside it, and the values that splats may have. */
import { SiteError } from "./errors.ts";
import { checkCrc } from "./v2/crc32.ts";
import { type Vec3, length, sub } from "./vec.ts";

/** The CRC-32 of files by their names. */
export type Checksums = ReadonlyMap<string, number>;

/** Reads lines `NAME CRC32` in hexadecimal digits. @throws SiteError where a line is none. `what` names the file. */
export function parseChecksums(text: string, what: string): Checksums {
  const sums = new Map<string, number>();
  for (const [row, line] of text.split(/\r?\n/).entries()) {
    if (line === "" || line.startsWith(";")) continue;
    const [, name, crc] = /^(.+) ([0-9A-Fa-f]{8})$/.exec(line) ?? [];
    if (name === undefined) throw new SiteError(`${what} is damaged: line ${row + 1} is no name and CRC-32`);
    sums.set(name, parseInt(crc, 16));
  }
  return sums;
}

/** The CRC-32 of the file `name`; null without `sums`. @throws SiteError where they have none. `what` names the file in full. */
export function crcOf(sums: Checksums | null, name: string, what: string): number | null {
  const crc = sums ? sums.get(name) : null;
  if (crc === undefined) throw new SiteError(`${what} has no checksum: pack the site again`);
  return crc;
}

/** @throws SiteError where the file `name` has another CRC-32 than `sums` say, or none. `what` names it in full. */
export function checkFile(sums: Checksums | null, name: string, bytes: Uint8Array, what: string): void {
  const crc = crcOf(sums, name, what);
  if (crc !== null) checkCrc(bytes, crc, what);
}

const FLOATS_PER_SPLAT = 14;
/** Packs of earlier versions have colours of luminance 1: pure blue, of the smallest share in it, has 13.9. */
const MOST_COLOR = 14;
const NORM_ERROR = 1e-3;
/** Stars are round; the scales of one differ by no more than this factor. */
const ROUND = 1.01;
/** Trained splats may lie outside of the box around a cell's stars, but not by so many of its diagonals. */
const DIAGONALS = 10;
/** Places of single stars are moved by less than this share of their distance, where float32 cannot hold them. */
const MOVED = 1e-5;

/**
 * Checks that splats [count, 14] of a cell are such as v1 describes, where there are no checksums. Of all single flipped bits
 * of a cell of 20 stars 6.2 % change its light by more than 1 %; 2.3 % still do, none by the brightest star's own.
 *
 * @throws SiteError where a scale is not positive, a rotation or colour is none, an opacity is not within 0 to 1, a star, as all
 * are if `points`, is not round, or a place is far outside of the cell.
 */
export function checkSplats(
  splats: Float32Array,
  { min, max, centroid }: { min: Vec3; max: Vec3; centroid: Vec3 },
  points: boolean,
  what: string,
): void {
  const roundness = points ? ROUND : Infinity;
  const reach = DIAGONALS * length(sub(max, min)) + MOVED * length(centroid);
  for (let at = 0; at < splats.length; at += FLOATS_PER_SPLAT) {
    const [x, y, z, sx, sy, sz, qx, qy, qz, qw, red, green, blue, opacity] = splats.subarray(at, at + FLOATS_PER_SPLAT);
    const sound =
      Math.abs(Math.hypot(qx, qy, qz, qw) - 1) < NORM_ERROR &&
      Math.min(sx, sy, sz) > 0 &&
      Math.max(sx, sy, sz) / Math.min(sx, sy, sz) <= roundness &&
      Math.min(red, green, blue, opacity) >= 0 &&
      Math.max(red, green, blue) <= MOST_COLOR &&
      opacity <= 1 &&
      Math.hypot(x, y, z) <= reach &&
      Math.max(sx, sy, sz) <= reach;
    if (!sound) throw new SiteError(`${what}: splat ${at / FLOATS_PER_SPLAT} cannot be, it is damaged`);
  }
}
