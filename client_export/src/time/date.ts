/** Dates of the stars as text: a day of the years 0 to 9999, "2026-11-29", else a year, "-9000" or "12000.5". */

/** Julian years, of 365.25 days, that stars may be shown at: 100,000 from J2000. */
export const YEARS = [-98_000, 102_000] as const;
const DAYS = 365.25;
/** Julian dates of J2000 and of the first of January 1970, 0 h. */
const [J2000, UNIX] = [2_451_545, 2_440_587.5];
const DAY_MS = 86_400_000;
const DAY = /^\d{4}-\d\d-\d\d$/;
const YEAR = /^[-+]?\d{1,6}(\.\d{1,4})?$/;
/** Years that have days, as ISO 8601 writes them with four digits. */
const WITH_DAYS = [0, 9999.9] as const;

/** The Julian year of a moment of the computer's clock, milliseconds; a minute of difference from TDB counts for nothing. */
export const yearOf = (ms: number): number => 2000 + (ms / DAY_MS + UNIX - J2000) / DAYS;

/** The moment of a Julian year, milliseconds of the computer's clock. */
export const msOfYear = (year: number): number => ((year - 2000) * DAYS + J2000 - UNIX) * DAY_MS;

/** The Julian year that `text` says, of a day its noon; null where it says none of `YEARS`. Days are Gregorian at all times. */
export function parseDate(text: string): number | null {
  const plain = text.trim().replace("−", "-");
  if (DAY.test(plain)) {
    const noon = new Date(`${plain}T12:00Z`);
    // The thirtieth of February would be taken for the second of March.
    return !Number.isNaN(noon.getTime()) && noon.toISOString().startsWith(plain) ? yearOf(noon.getTime()) : null;
  }
  const year = YEAR.test(plain) ? Number(plain) : Number.NaN;
  return year >= YEARS[0] && year <= YEARS[1] ? year : null;
}

/** The text of a date, which `parseDate` gives back to half a day, or to half a hundredth of a year. */
export function formatDate(year: number): string {
  if (year < WITH_DAYS[0] || year > WITH_DAYS[1]) return String(Number(year.toFixed(2)));
  const day = Math.round(J2000 + (year - 2000) * DAYS);
  return new Date((day - UNIX) * DAY_MS).toISOString().slice(0, 10);
}
