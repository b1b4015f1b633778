/** The names that ship with Helios, as `helios pack --site` writes them for the embedded stars. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { type Landmark, parseLandmarks } from "../src/landmark.ts";
import { towards } from "../src/sky.ts";

const CATALOGS = new URL("../../catalogs/", import.meta.url);
const read = (name: string) => readFileSync(new URL(name, CATALOGS));

/** Rows of a table without commas in its fields. */
function rowsOf(name: string): Record<string, string>[] {
  const [head, ...lines] = gunzipSync(read(name)).toString().trimEnd().split("\n");
  const columns = head.split(",");
  return lines.map((line) => Object.fromEntries(line.split(",").map((value, i) => [columns[i], value])));
}

export const shippedLandmarks = (): Landmark[] => parseLandmarks(read("landmarks.json").toString(), "landmarks.json");

/** The text of `names.json`; `HELIOS_NAMES` names one that Helios has written, to be taken instead. */
export function shippedNames(): string {
  const written = process.env.HELIOS_NAMES;
  if (written) return gunzipSync(readFileSync(written)).toString();
  const bright = new Map(rowsOf("bright_stars.csv.gz").map((star) => [star.source_id, star]));
  const rows = rowsOf("names.csv.gz").map((row) => ({ ...row, mag: row.v_mag ? Number(row.v_mag) : null }) as Row);
  const places = rows.filter((row) => row.landmark);
  const stars = rows.flatMap((row): unknown[] => {
    const star = bright.get(row.source_id);
    if (row.landmark || !star?.parallax) return [];
    const place = towards(Number(star.ra), Number(star.dec)).map((value) => (1000 * value) / Number(star.parallax));
    return [[...place, row.mag, row.names, row.designations]];
  });
  const named = places.map((row) => [row.landmark, row.mag, row.names, row.designations]);
  return JSON.stringify({ version: 1, places: named, stars });
}

type Row = Record<"source_id" | "landmark" | "names" | "designations", string> & { mag: number | null };
