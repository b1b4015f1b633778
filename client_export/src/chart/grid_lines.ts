/** Which lines of a grid of the sky are worth drawing in a view, and what they are called. */
import { type Axes, anglesIn, directionIn } from "./sky_frames.ts";
import type { Projection } from "./projection.ts";
import type { Vec3 } from "../vec.ts";

const LABEL = {
  hours: (hours: number, minutes: number) => `${hours}h${minutes > 0 ? ` ${Math.floor(minutes)}m` : ""}`,
  degrees: (value: number, digits: number) => `${value.toFixed(digits)}°`,
  latitude: (value: number, digits: number) =>
    `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(value).toFixed(digits)}°`,
};

/** Steps between lines, degrees; of right ascension 15 degrees are an hour. */
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 45, 90];
const HOUR_STEPS = [0.25, 0.5, 1.25, 2.5, 5, 15, 30, 45, 90];
/** Least distance of two lines, CSS pixels. */
const APART_PX = 90;
/** At the poles no more lines of longitude than this lets through: it stands for the cosine of the latitude. */
const LEAST_COSINE = 0.17;
/** Lines of longitude that go on to the poles, degrees; the others stop one step before. */
const TO_POLE = 90;
/** Pieces of a line of latitude in view: of a whole circle each is 3 degrees, which bends by less than 0.1 px. */
const PIECES = 120;

/** A line of the grid: through `points`, ecliptic unit vectors. */
export interface GridLine {
  kind: "longitude" | "latitude";
  /** Degrees. */
  value: number;
  label: string;
  points: Vec3[];
}

/** The lines of a grid that may be in view, some APART_PX from one another. `hours`: longitudes are hours and minutes. */
export function gridLines(axes: Axes, hours: boolean, projection: Projection): GridLine[] {
  const { lon, lat } = anglesIn(axes, projection.camera.forward);
  const reach = (projection.reach * 180) / Math.PI;
  const degreePx = (projection.focal * Math.PI) / 180;
  const cosine = Math.max(LEAST_COSINE, Math.cos((lat * Math.PI) / 180));
  const latStep = stepOf(STEPS, degreePx);
  const lonStep = stepOf(hours ? HOUR_STEPS : STEPS, degreePx * cosine);
  const aside = halfWidth(lat, reach);
  const [south, north] = [Math.max(-90, lat - reach), Math.min(90, lat + reach)];
  const lines: GridLine[] = [];
  for (const value of multiples(lonStep, lon - aside, Math.min(lon + aside, lon - aside + 360 - lonStep / 2))) {
    const longitude = ((value % 360) + 360) % 360;
    const end = longitude % TO_POLE === 0 ? 90 : 90 - latStep;
    const [low, high] = [Math.max(south, -end), Math.min(north, end)];
    if (low >= high) continue;
    // In pieces of less than 90 degrees, each straight on the screen.
    const points = [0, 1, 2, 3].map((part) => directionIn(axes, longitude, low + ((high - low) * part) / 3));
    lines.push({ kind: "longitude", value: longitude, label: lonLabel(longitude, lonStep, hours), points });
  }
  for (const value of multiples(latStep, south, north)) {
    if (Math.abs(value) >= 90) continue;
    const points = Array.from({ length: PIECES + 1 }, (_, part) =>
      directionIn(axes, lon - aside + (2 * aside * part) / PIECES, value),
    );
    lines.push({ kind: "latitude", value, label: LABEL.latitude(value, digitsOf(latStep)), points });
  }
  return lines;
}

/** The smallest step whose lines are APART_PX apart where a degree is `degreePx`. */
const stepOf = (steps: readonly number[], degreePx: number) =>
  steps.find((step) => step * degreePx >= APART_PX) ?? steps[steps.length - 1];

/** How far to both sides, degrees of longitude, a circle of radius `reach` about a point at `lat` goes; 180: around. */
function halfWidth(lat: number, reach: number): number {
  if (Math.abs(lat) + reach >= 90) return 180;
  const degree = Math.PI / 180;
  return Math.asin(Math.sin(reach * degree) / Math.cos(lat * degree)) / degree;
}

/** The multiples of `step` from `low` to `high`, without what rounding adds up. */
function multiples(step: number, low: number, high: number): number[] {
  const [first, last] = [Math.ceil(low / step), Math.floor(high / step)];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toFixed(4)));
}

const digitsOf = (step: number) => (step < 1 ? 1 : 0);

function lonLabel(lon: number, step: number, hours: boolean): string {
  if (!hours) return LABEL.degrees(lon, digitsOf(step));
  return LABEL.hours(Math.floor(lon / 15), Math.round((lon % 15) * 4));
}
