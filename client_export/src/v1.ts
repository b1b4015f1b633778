/**
 * The v1 format: the reference decoder of its lists, and the pack of the viewer; `v1_file.ts` decodes a cell. `parseIndex` and
 * `parsePackIndex` are pure functions from JSON text to values, without DOM or network; `FORMAT.md` says in words what they check.
 */
import { SiteError } from "./errors.ts";
import { type CellId, type GridConfig, ancestorOf, ballOf, nameOf } from "./grid.ts";
import { type Folder, textOf as unpacked } from "./http.ts";
import { type Fields, checkVersion, fieldsOf, parseJson, textOf } from "./json_fields.ts";
import { countOf, listOf, numberOf } from "./json_values.ts";
import type { Pack, PackFormat, PackedCell } from "./pack_format.ts";
import { PackReader } from "./pack_reader.ts";
import { checkFile, crcOf, parseChecksums } from "./v1_checks.ts";
import { FileDecoder } from "./v1_decoder.ts";
import { idOf } from "./v1_file.ts";

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

const VERSION = 1;

interface V1Cell extends PackedCell {
  offset: number;
}

/** Of all packs, so that a page has one worker and the layers of a site come in the order in which they were read. */
const decoder = new FileDecoder();

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
      decode: async ({ name, points }, bytes) => {
        const what = `${folder.path}${name}.bin`;
        return decoder.decode({ name, what, size: bytes.length, points, crc: crcOf(sums, `${name}.bin`, what) }, bytes);
      },
    };
  },
};

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
