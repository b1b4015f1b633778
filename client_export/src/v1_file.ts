/** The file of a cell of a pack v1, from bytes to what is drawn: pure, for a worker. `FORMAT.md` says in words what is checked. */
import { ballAround } from "./ball.ts";
import { type Cell, covarianceOf, unitOf } from "./cell.ts";
import { SiteError, plainOf } from "./errors.ts";
import { type CellId, nameOf } from "./grid.ts";
import { type Fields, fieldsOf, parseJson } from "./json_fields.ts";
import { countOf, vectorOf } from "./json_values.ts";
import { decodeLz4Block } from "./lz4.ts";
import { checkSplats } from "./v1_checks.ts";
import { checkCrc } from "./v2/crc32.ts";
import type { Vec3 } from "./vec.ts";

/** What the file of a cell holds. */
export interface CellFile {
  id: CellId;
  /** Metres. */
  bounds: { min: Vec3; max: Vec3; centroid: Vec3 };
  count: number;
  /** `count` x 14 float32: position - centroid (m), scale (m), rotation xyzw, linear RGB, opacity. */
  splats: Float32Array;
}

const FLOATS_PER_SPLAT = 14;
const BYTES_PER_SPLAT = 4 * FLOATS_PER_SPLAT;

/** The files of some cells, to be decoded together. */
export interface FilesJob {
  /** Of all of them, one after the other. */
  bytes: Uint8Array;
  files: readonly FileOfCell[];
}

export interface FileOfCell {
  /** The name of the cell, and that of the file in errors. */
  name: string;
  what: string;
  /** Bytes. */
  size: number;
  /** Each of its splats is one star. */
  points: boolean;
  /** Its CRC-32; null in a pack without checksums, of which what splats may be is checked. */
  crc: number | null;
}

/** Each cell, or what is wrong with its file. */
export function decodeFiles({ bytes, files }: FilesJob): (Cell | string)[] {
  let end = 0;
  const cells = files.map((file) => {
    try {
      return decodeCell(bytes.subarray(end, (end += file.size)), file);
    } catch (reason) {
      return plainOf(reason);
    }
  });
  putTogether(cells.filter((cell) => typeof cell !== "string"));
  return cells;
}

/** Puts the arrays of cells into one buffer: to hand over thousands of them takes the page longer than to decode them. */
function putTogether(cells: readonly Cell[]): void {
  const buffer = new Float32Array(cells.reduce((sum, { count }) => sum + 4 * 3 * count, 0));
  let end = 0;
  for (const cell of cells) {
    for (const name of ["means", "covDiagonal", "covOff", "light"] as const) {
      const start = end;
      buffer.set(cell[name], start);
      cell[name] = buffer.subarray(start, (end += cell[name].length));
    }
  }
}

/** @throws SiteError where the bytes are not those of the cell. */
function decodeCell(bytes: Uint8Array, { name, what, points, crc }: FileOfCell): Cell {
  if (crc !== null) checkCrc(bytes, crc, what);
  const file = decodeFile(bytes, what);
  const found = nameOf(file.id);
  if (found !== name) throw new SiteError(`${what} holds cell ${found}: pack the site again`);
  if (crc === null) checkSplats(file.splats, file.bounds, points, what);
  return cellOf(file);
}

/** The cell that a file holds. */
export function cellOf({ bounds, count, splats }: CellFile): Cell {
  let farthest = 0;
  for (let at = 0; at < splats.length; at += FLOATS_PER_SPLAT) {
    farthest = Math.max(farthest, Math.abs(splats[at]), Math.abs(splats[at + 1]), Math.abs(splats[at + 2]));
  }
  const cell: Cell = {
    origin: bounds.centroid,
    unitM: unitOf(farthest),
    ball: ballAround(bounds.min, bounds.max),
    count,
    means: new Float32Array(3 * count),
    covDiagonal: new Float32Array(3 * count),
    covOff: new Float32Array(3 * count),
    light: new Float32Array(3 * count),
  };
  const { unitM } = cell;
  for (let i = 0; i < count; i++) {
    const [px, py, pz, sx, sy, sz, qx, qy, qz, qw, red, green, blue, opacity] = splats.subarray(i * FLOATS_PER_SPLAT);
    const [xx, yy, zz, xy, xz, yz] = covarianceOf([sx / unitM, sy / unitM, sz / unitM], [qx, qy, qz, qw]);
    cell.means.set([px / unitM, py / unitM, pz / unitM], 3 * i);
    cell.covDiagonal.set([xx, yy, zz], 3 * i);
    cell.covOff.set([xy, xz, yz], 3 * i);
    cell.light.set([red * opacity, green * opacity, blue * opacity], 3 * i);
  }
  return cell;
}

/**
 * What the file of a cell holds. `what` names the cell in errors.
 *
 * @throws SiteError where the lengths do not agree, the JSON is damaged, or a value is not finite.
 */
export function decodeFile(bytes: Uint8Array, what: string): CellFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4) throw new SiteError(`${what} is truncated: ${bytes.length} bytes`);
  const headerSize = view.getUint32(0, true);
  const blockStart = 4 + headerSize + 4;
  if (blockStart > bytes.length) {
    throw new SiteError(`${what} is truncated or damaged: a header of ${headerSize} bytes in ${bytes.length}`);
  }
  const header = fieldsOf(parseJson(new TextDecoder().decode(bytes.subarray(4, 4 + headerSize)), what), what);
  const bounds = fieldsOf(header.bounds, `${what}: "bounds"`);
  const count = countOf(header, "splat_count", what);
  const rawSize = view.getUint32(4 + headerSize, true);
  if (rawSize !== count * BYTES_PER_SPLAT) {
    throw new SiteError(`${what}: ${rawSize} bytes for ${count} splats, must be ${count * BYTES_PER_SPLAT}`);
  }
  const body = bytes.subarray(blockStart);
  // An uncompressed body is copied so that its floats are aligned.
  const raw = header.compressed === false ? body.slice() : decodeLz4Block(body, rawSize, what);
  if (raw.length !== rawSize) throw new SiteError(`${what} is truncated: ${raw.length} of ${rawSize} bytes`);
  return {
    id: idOf(header, what),
    bounds: {
      min: vectorOf(bounds, "min", what),
      max: vectorOf(bounds, "max", what),
      centroid: vectorOf(bounds, "centroid", what),
    },
    count,
    splats: floatsOf(raw, what),
  };
}

/** The little-endian float32 values of `raw`, all finite. */
function floatsOf(raw: Uint8Array, what: string): Float32Array {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const floats = new Float32Array(raw.length / 4);
  for (let i = 0; i < floats.length; i++) {
    const value = view.getFloat32(4 * i, true);
    if (!Number.isFinite(value)) {
      throw new SiteError(`${what}: splat ${Math.floor(i / FLOATS_PER_SPLAT)} holds ${value}, it is damaged`);
    }
    floats[i] = value;
  }
  return floats;
}

/** The cell that `fields` name as `id`. */
export function idOf(fields: Fields, what: string): CellId {
  const inner = fieldsOf(fields.id, `${what}: "id"`);
  return { l: countOf(inner, "l", what), theta: countOf(inner, "theta", what), phi: countOf(inner, "phi", what) };
}
