/** A table of a page's own stars: which columns say where they are, and what cannot be used of it. */
import { SiteError } from "../errors.ts";
import { PARSEC_M, eclipticOf, towards } from "../sky.ts";
import { written } from "../text/numbers.ts";
import { TEXT } from "../text/text.ts";
import { type Vec3, scale } from "../vec.ts";
import { type Row, readRows } from "./csv.ts";

export const MOST_ROWS = 100_000;
/** Farther than any light that reaches us, parsecs: no place beyond has a link. */
const FARTHEST_PC = 3e10;
const DISTANCES = ["distance_pc", "distance", "dist"];
const MAGNITUDES = ["phot_g_mean_mag", "mag"];

/** Points of one table that are drawn. */
export interface Points {
  /** What the file is called. */
  file: string;
  columns: string[];
  rows: Row[];
  /** Barycentric mean ecliptic J2000, metres: x, y, z of each row. */
  places: Float64Array;
  /** "" where the table has none. */
  names: string[];
  /** A colour of CSS; "" where the table has none. */
  colors: string[];
  /** NaN where the table has none. */
  mags: Float64Array;
  /** What cannot be used, for a reader. */
  faults: string[];
}

const notNumber = (column: string, value: string) =>
  value === "" ? TEXT.points.missing(column) : TEXT.points.number(column, value);

/**
 * What the text of a file `what` says. `isColor` tells whether CSS knows a colour.
 *
 * @throws SiteError where it is no table, too large, or has no places.
 */
export function readPoints(text: string, what: string, isColor: (color: string) => boolean): Points {
  if (text.includes("\0")) throw new SiteError(TEXT.points.binary(what));
  const { separator, rows } = readRows(text, what);
  const header = rows.shift();
  if (!header || rows.length === 0) throw new SiteError(TEXT.points.empty(what));
  if (rows.length > MOST_ROWS) throw new SiteError(TEXT.points.tooMany(what, written(MOST_ROWS)));
  const columns = header.values.map((name) => name.trim());
  const cell = cellsOf(columns, separator === ",", what);
  const placeOf = placesOf(columns, cell, what);

  const points: Points = { file: what, columns, rows: [], names: [], colors: [], faults: [], ...room(rows.length) };
  const [unusable, uncoloured]: [Row, string][][] = [[], []];
  for (const row of rows) {
    const found =
      row.values.length === columns.length ? placeOf(row) : TEXT.points.count(row.values.length, columns.length);
    if (typeof found === "string") {
      unusable.push([row, found]);
      continue;
    }
    const number = points.rows.length;
    points.places.set(found, 3 * number);
    const mag = MAGNITUDES.map((column) => cell.number(row, column)).find(Number.isFinite);
    points.mags[number] = mag ?? NaN;
    const given = cell.text(row, "color");
    const color = /^([\da-f]{3}|[\da-f]{6})$/i.test(given) ? `#${given}` : given;
    const known = color === "" || isColor(color);
    if (!known) uncoloured.push([row, given]);
    points.colors.push(known ? color : "");
    points.names.push(cell.text(row, "name"));
    points.rows.push(row);
  }
  if (unusable.length > 0) {
    const [row, why] = unusable[0];
    points.faults.push(TEXT.points.rows(what, written(unusable.length), written(rows.length), row.line, why));
  }
  if (uncoloured.length > 0) {
    points.faults.push(TEXT.points.colors(what, written(uncoloured.length), uncoloured[0][0].line, uncoloured[0][1]));
  }
  return points;
}

const room = (rows: number) => ({ places: new Float64Array(3 * rows), mags: new Float64Array(rows) });

interface Cells {
  has(column: string): boolean;
  /** "" where there is no such column. */
  text(row: Row, column: string): string;
  /** NaN where there is none. */
  number(row: Row, column: string): number;
}

/** Values by their columns' names, in whatever case. Where no comma separates them it may be the decimal sign. */
function cellsOf(columns: readonly string[], commas: boolean, what: string): Cells {
  const at = new Map<string, number>();
  columns.forEach((column, number) => {
    const key = column.toLowerCase();
    if (key !== "" && at.has(key)) throw new SiteError(TEXT.points.twice(what, column));
    at.set(key, number);
  });
  const text = ({ values }: Row, column: string) => (values[at.get(column) ?? -1] ?? "").trim();
  const number = (row: Row, column: string) => {
    const value = text(row, column);
    if (value === "") return NaN;
    return Number(!commas && /^[-+]?\d*,\d+(e[-+]?\d+)?$/i.test(value) ? value.replace(",", ".") : value);
  };
  return { has: (column) => at.has(column), text, number };
}

/** A function that gives the place of a row, metres, or says why it has none. @throws SiteError without columns for it. */
function placesOf(columns: readonly string[], cell: Cells, what: string): (row: Row) => Vec3 | string {
  const distances = DISTANCES.filter((column) => cell.has(column));
  const range = (row: Row, column: string, low: number, high: number): number | string => {
    const value = cell.number(row, column);
    if (!Number.isFinite(value)) return notNumber(column, cell.text(row, column));
    return value >= low && value <= high ? value : TEXT.points.range(column, value);
  };
  const parsecs = (row: Row): number | string => {
    const told = distances.find((column) => cell.text(row, column) !== "");
    const column = told ?? (cell.has("parallax") ? "parallax" : distances[0]);
    const value = cell.number(row, column);
    if (!Number.isFinite(value)) return notNumber(column, cell.text(row, column));
    if (value <= 0) return TEXT.points.positive(column, value);
    const far = column === "parallax" ? 1000 / value : value;
    return far <= FARTHEST_PC ? far : TEXT.points.range(column, value);
  };
  if (cell.has("ra") && cell.has("dec") && (distances.length > 0 || cell.has("parallax"))) {
    return (row) => {
      // As in `helios build`, what is a turn off is an angle like any other.
      const [ra, dec, far] = [range(row, "ra", -360, 720), range(row, "dec", -90, 90), parsecs(row)];
      for (const each of [ra, dec, far]) if (typeof each === "string") return each;
      return scale(towards(ra as number, dec as number), (far as number) * PARSEC_M);
    };
  }
  const axes = ["x", "y", "z"];
  if (!axes.every((column) => cell.has(column))) throw new SiteError(TEXT.points.columns(what, columns.join(", ")));
  return (row) => {
    const found = axes.map((column) => range(row, column, -FARTHEST_PC, FARTHEST_PC));
    const fault = found.find((each) => typeof each === "string");
    return fault ?? scale(eclipticOf(found as unknown as Vec3), PARSEC_M);
  };
}
