/** How lengths and speeds are written. */
import { AU_M, LIGHT_YEAR_M, PARSEC_M } from "./sky.ts";
import { written } from "./text/numbers.ts";

const LENGTHS: readonly (readonly [number, string])[] = [
  [1e6 * PARSEC_M, "Mpc"],
  [1e3 * PARSEC_M, "kpc"],
  [PARSEC_M, "pc"],
  [LIGHT_YEAR_M, "ly"],
  [AU_M, "au"],
  [1e3, "km"],
];

const DIGITS = { maximumSignificantDigits: 3 };

/** Three digits, large numbers in words: `16,300`, `2.3 million`. */
function digits(value: number): string {
  if (value > 0 && value < 0.01) return value.toExponential(1);
  return written(value, value < 1e6 ? DIGITS : { ...DIGITS, notation: "compact", compactDisplay: "long" });
}

function inLargest(metres: number, units: readonly (readonly [number, string])[]): string {
  const [size, name] = units.find(([unitSize]) => metres >= unitSize) ?? units[units.length - 1];
  return `${digits(metres / size)} ${name}`;
}

/** A length in the unit that suits it, with light-years beside parsecs: `2.64 pc · 8.6 ly`. */
export function formatDistance(metres: number): string {
  const found = inLargest(metres, LENGTHS);
  return metres >= PARSEC_M ? `${found} · ${digits(metres / LIGHT_YEAR_M)} ly` : found;
}

/** A speed in the unit that suits it, metres a second to megaparsecs a second. */
export function formatSpeed(metresPerSecond: number): string {
  return `${inLargest(metresPerSecond, LENGTHS)}/s`;
}
