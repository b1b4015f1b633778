/**
 * From when on the orbits of spacecraft are theirs: the days of their last published elements, after the last planet that they
 * flew by, as `catalogs/spacecraft.json` has them, and of the Webb telescope's arrival at L2 (NASA, Webb Orbit).
 */
import { jdTdbOf } from "./dates.ts";

const FIRST_DAYS: Readonly<Record<string, string>> = {
  "Pioneer 10": "1974-01-02",
  "Pioneer 11": "1979-10-06",
  "Voyager 1": "1980-12-01",
  "Voyager 2": "1989-10-01",
  "New Horizons": "2019-01-01",
  "James Webb Space Telescope": "2022-01-24",
};

/** The day, UTC; null of what the table lacks, which is there at every date. */
export const firstDayOf = (designation: string): string | null => FIRST_DAYS[designation] ?? null;

/** The same as a Julian date of TDB. */
export function firstJdTdb(designation: string): number {
  const day = firstDayOf(designation);
  return day === null ? -Infinity : jdTdbOf(Date.parse(day));
}
