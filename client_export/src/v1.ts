/**
 * The v1 format: the reference decoder, and the pack of the viewer that is made with it. `parseIndex`, `parsePackIndex`
 * and `decodeFile` are pure functions from bytes and JSON text to values, without DOM or network; `FORMAT.md` says in
 * words what they check.
 */
import { ballAround } from "./ball.ts";
import { type Cell, covarianceOf, unitOf } from "./cell.ts";
import { SiteError } from "./errors.ts";
import { type CellId, type GridConfig, ancestorOf, ballOf, nameOf } from "./grid.ts";
import { type Folder, textOf as unpacked } from "./http.ts";
import { type Fields, checkVersion, fieldsOf, parseJson, textOf } from "./json_fields.ts";
import { countOf, listOf, numberOf, vectorOf } from "./json_values.ts";
import { decodeLz4Block } from "./lz4.ts";
import type { Pack, PackFormat, PackedCell } from "./pack_format.ts";
import { PackReader } from "./pack_reader.ts";
import { checkFile, checkSplats, parseChecksums } from "./v1_checks.ts";
import type { Vec3 } from "./vec.ts";

export interface IndexCell {
  id: CellId;
  file_name: string;
  splat_count: number;
  file_size_bytes: number;
  trained: boolean;
  /** Above 0: the cell is a part of a trained leaf, its ancestor so many levels of the grid up, and fades as that does. */
  levels_up: number;
}

export interface Index {
  config: GridConfig;
  total_splats: number;
  cells: IndexCell[];
}

/** Where a cell's file lies inside the pack file, bytes. */
export interface PackEntry {
  file_name: string;
  offset: number;
  size: number;
}

export interface PackIndex {
  pack_file: string;
  total_size_bytes: number;
  cells: PackEntry[];
}

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
const VERSION = 1;

interface V1Cell extends PackedCell {
  offset: number;
}

export const V1: PackFormat = {
  async open(folder: Folder, checksums?: string): Promise<Pack<V1Cell>> {
    const [listed, packed] = [`${folder.path}index.json`, `${folder.path}cells.pack.json`];
    const sums =
      checksums === undefined
        ? null
        : await folder.decoded(checksums, async (bytes) => {
            const what = folder.path + checksums;
            return parseChecksums(await unpacked(bytes, what), what);
          });
    const read = <T>(name: string, parse: (text: string, what: string) => T): Promise<T> =>
      folder.decoded(name, async (bytes) => {
        const what = folder.path + name;
        checkFile(sums, name, bytes, what);
        return parse(await unpacked(bytes, what), what);
      });
    const [index, pack] = await Promise.all([read("index.json", parseIndex), read("cells.pack.json", parsePackIndex)]);
    const byFile = new Map(pack.cells.map((entry) => [entry.file_name, entry]));
    const cells = index.cells.map(({ id, file_name, trained, levels_up: levels }): V1Cell => {
      const entry = byFile.get(file_name);
      if (!entry) throw new SiteError(`${packed} has no ${file_name}, which ${listed} lists`);
      const ball = ballOf(...ancestorOf(id, index.config, levels));
      const { offset, size } = entry;
      return { name: nameOf(id), ball, part: levels > 0, points: !trained, offset, size };
    });
    const reader = new PackReader(folder.path + pack.pack_file, pack.total_size_bytes, folder.fetcher);
    return {
      splatCount: index.total_splats,
      cells,
      read: (...wanted) => reader.read(...wanted),
      decode: ({ name, points }, bytes) => {
        const what = `${folder.path}${name}.bin`;
        checkFile(sums, `${name}.bin`, bytes, what);
        const file = decodeFile(bytes, what);
        const found = nameOf(file.id);
        if (found !== name) throw new SiteError(`${what} holds cell ${found}: pack the site again`);
        if (!sums) checkSplats(file.splats, file.bounds, points, what);
        return cellOf(file);
      },
    };
  },
};

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

/** The cells of a pack and their grid. `what` names the file in errors. */
export function parseIndex(text: string, what: string): Index {
  const top = fieldsOf(parseJson(text, what), what);
  checkVersion(top, VERSION, what);
  const grid = fieldsOf(top.config, `${what}: "config"`);
  const config: GridConfig = {
    r_min: numberOf(grid, "r_min", what),
    log_base: numberOf(grid, "log_base", what),
    n_theta: countOf(grid, "n_theta", what),
    n_phi: countOf(grid, "n_phi", what),
  };
  if (!(config.r_min > 0 && config.log_base > 1 && config.n_theta > 0 && config.n_phi > 0)) {
    throw new SiteError(`${what}: "config" describes no grid: ${JSON.stringify(config)}`);
  }
  const cells = listOf(top.cells, `${what}: "cells"`).map((entry, row): IndexCell => {
    const where = `${what}: cell ${row}`;
    const fields = fieldsOf(entry, where);
    return {
      id: idOf(fields, where),
      file_name: textOf(fields, "file_name", where),
      splat_count: countOf(fields, "splat_count", where),
      file_size_bytes: countOf(fields, "file_size_bytes", where),
      trained: fields.trained === true,
      levels_up: levelsOf(fields, config, where),
    };
  });
  return { config, total_splats: countOf(top, "total_splats", what), cells };
}

/** How many levels up the leaf is that a cell is a part of: 0 where nothing is said, and no more than the grid has. */
function levelsOf(fields: Fields, grid: GridConfig, where: string): number {
  if (fields.levels_up === undefined) return 0;
  const levels = countOf(fields, "levels_up", where);
  if (grid.n_phi % 2 ** levels !== 0 || grid.n_theta % 2 ** levels !== 0) {
    throw new SiteError(`${where}: "levels_up" is ${levels}, more than the levels of the grid`);
  }
  return levels;
}

/** Where each cell lies in the pack file; every range is inside the pack's announced size. */
export function parsePackIndex(text: string, what: string): PackIndex {
  const top = fieldsOf(parseJson(text, what), what);
  checkVersion(top, VERSION, what);
  const total = countOf(top, "total_size_bytes", what);
  const cells = listOf(top.cells, `${what}: "cells"`).map((entry, row): PackEntry => {
    const where = `${what}: cell ${row}`;
    const fields = fieldsOf(entry, where);
    const found = {
      file_name: textOf(fields, "file_name", where),
      offset: countOf(fields, "offset", where),
      size: countOf(fields, "size", where),
    };
    if (found.offset + found.size > total) {
      throw new SiteError(`${where} (${found.file_name}) ends at byte ${found.offset + found.size}, pack has ${total}`);
    }
    return found;
  });
  return { pack_file: textOf(top, "pack_file", what), total_size_bytes: total, cells };
}

function idOf(fields: Fields, what: string): CellId {
  const inner = fieldsOf(fields.id, `${what}: "id"`);
  return { l: countOf(inner, "l", what), theta: countOf(inner, "theta", what), phi: countOf(inner, "phi", what) };
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
