/** The parts of a chart, what each is drawn from, and how a link says which are shown. */
import type { Landmark } from "../landmark.ts";
import type { Box } from "../overlay.ts";
import type { Painter } from "./painter.ts";
import type { Projection } from "./projection.ts";

export const PARTS = [
  "constellations",
  "equatorial",
  "ecliptic",
  "galactic",
  "rings",
  "scale",
  "compass",
  "orbits",
  "asteroids",
] as const;
export type PartName = (typeof PARTS)[number];

/** Shown where a link says nothing. */
const FIRST: readonly PartName[] = ["compass", "orbits"];
const NOTHING = "none";

/** The view that a frame of the sky shows, and what a chart may say of it. */
export interface ChartView {
  projection: Projection;
  /** Between the bars of the page, CSS pixels: where texts are. */
  area: Box;
  /** The place that was searched for; null where there is none. */
  goal: Landmark | null;
}

/** Something that is drawn on a chart. */
export interface Part {
  draw(painter: Painter, view: ChartView): void;
}

/** The parts that a link's text names, unknown ones left out; of "" those that a fresh page shows. */
export function parseShown(text: string): Set<PartName> {
  if (text === "") return new Set(FIRST);
  const named = text.split(",");
  return new Set(PARTS.filter((part) => named.includes(part)));
}

/** The text of a link that shows `parts`. */
export function formatShown(parts: ReadonlySet<PartName>): string {
  const text = PARTS.filter((part) => parts.has(part)).join(",");
  return text === FIRST.join(",") ? "" : text || NOTHING;
}
