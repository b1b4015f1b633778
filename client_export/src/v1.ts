/**
 * The v1 format, read: the reference decoder. Pure functions from bytes and JSON text to values, without DOM or
 * network; `FORMAT.md` says in words what they check.
 */
import { SiteError } from "./errors.ts";
import { decodeLz4Block } from "./lz4.ts";

export interface Xyz {
  x: number;
  y: number;
  z: number;
}

/** Indices of a cell in the heliocentric logarithmic grid: shell, longitude, latitude. */
export interface CellId {
  l: number;
  theta: number;
  phi: number;
}

/** `r_min` in metres, ratio of a shell's radii, number of longitudes and of latitudes. */
export interface GridConfig {
  r_min: number;
  log_base: number;
  n_theta: number;
  n_phi: number;
}

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

export interface Landmark {
  id: string;
  name: string;
  kind: string;
  /** Barycentric mean ecliptic J2000, metres. */
  pos_meters: Xyz;
  /** Metres; 0 where unknown. */
  radius_hint: number;
  source: string;
  description: string;
}

/** One decoded cell. */
export interface Cell {
  id: CellId;
  bounds: { min: Xyz; max: Xyz; centroid: Xyz };
  count: number;
  /** `count` x 14 float32: position - centroid (m), scale (m), rotation xyzw, linear RGB, opacity. */
  splats: Float32Array;
}

export const FLOATS_PER_SPLAT = 14;
const BYTES_PER_SPLAT = 4 * FLOATS_PER_SPLAT;
const VERSION = 1;

type Fields = Record<string, unknown>;

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SiteError(`${what} is not a JSON object`);
  }
  return value as Fields;
}

function listOf(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) throw new SiteError(`${what} is not a list`);
  return value;
}

function textOf(fields: Fields, key: string, what: string): string {
  const value = fields[key];
  if (typeof value !== "string") throw new SiteError(`${what}: "${key}" is ${JSON.stringify(value)}, must be text`);
  return value;
}

function numberOf(fields: Fields, key: string, what: string): number {
  const value = fields[key];
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw new SiteError(`${what}: "${key}" is ${JSON.stringify(value)}, must be a number`);
  }
  return value;
}

function countOf(fields: Fields, key: string, what: string): number {
  const value = numberOf(fields, key, what);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new SiteError(`${what}: "${key}" is ${value}, must be a whole number >= 0`);
  }
  return value;
}

function xyzOf(fields: Fields, key: string, what: string): Xyz {
  const inner = fieldsOf(fields[key], `${what}: "${key}"`);
  const where = `${what}: "${key}"`;
  return { x: numberOf(inner, "x", where), y: numberOf(inner, "y", where), z: numberOf(inner, "z", where) };
}

function idOf(fields: Fields, what: string): CellId {
  const inner = fieldsOf(fields.id, `${what}: "id"`);
  return { l: countOf(inner, "l", what), theta: countOf(inner, "theta", what), phi: countOf(inner, "phi", what) };
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (reason) {
    throw new SiteError(`${what} is not JSON (${(reason as SyntaxError).message})`);
  }
}

function checkVersion(fields: Fields, what: string): void {
  if (fields.version !== VERSION) {
    throw new SiteError(`${what} has version ${JSON.stringify(fields.version)}, this viewer reads ${VERSION}`);
  }
}

/** `l_theta_phi`: how a cell is called in file names. */
export function nameOf(id: CellId): string {
  return `${id.l}_${id.theta}_${id.phi}`;
}

/** The cells of a pack and their grid. `what` names the file in errors. */
export function parseIndex(text: string, what: string): Index {
  const top = fieldsOf(parseJson(text, what), what);
  checkVersion(top, what);
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
  checkVersion(top, what);
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

/** The named places of a universe. */
export function parseLandmarks(text: string, what: string): Landmark[] {
  return listOf(parseJson(text, what), what).map((entry, row): Landmark => {
    const where = `${what}: landmark ${row}`;
    const fields = fieldsOf(entry, where);
    return {
      id: textOf(fields, "id", where),
      name: textOf(fields, "name", where),
      kind: textOf(fields, "kind", where),
      pos_meters: xyzOf(fields, "pos_meters", where),
      radius_hint: typeof fields.radius_hint === "number" ? fields.radius_hint : 0,
      source: typeof fields.source === "string" ? fields.source : "",
      description: typeof fields.description === "string" ? fields.description : "",
    };
  });
}

/**
 * A cell from the bytes of its file. `what` names the cell in errors.
 *
 * @throws SiteError where the lengths do not agree, the JSON is damaged, or a value is not finite.
 */
export function decodeCell(bytes: Uint8Array, what: string): Cell {
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
      min: xyzOf(bounds, "min", what),
      max: xyzOf(bounds, "max", what),
      centroid: xyzOf(bounds, "centroid", what),
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
