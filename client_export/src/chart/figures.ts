/**
 * The constellations: lines between the places of their stars in space, so that they bend as one flies.
 *
 * Where the universe has a star of a figure, from a survey perhaps at another distance, the line ends where that is drawn.
 */
import type { Landmark } from "../landmark.ts";
import { LandmarkStars } from "../landmark_stars.ts";
import { smoothstep } from "../numbers.ts";
import type { Box } from "../overlay.ts";
import { PARSEC_M } from "../sky.ts";
import type { SplatStore, StoredCell } from "../splat_store.ts";
import { type Vec3, add, length, scale, sub, unit } from "../vec.ts";
import type { Figure, FigureFile, FigureStar } from "./figure_file.ts";
import type { Painter } from "./painter.ts";
import type { ChartView, Part } from "./part.ts";
import type { Projection, Segment } from "./projection.ts";

const TINT = "140 170 225";
const [LINE, NAME] = [0.55, 0.85];
const LINE_PX = 1.2;
/** A line keeps clear of its stars by this much, CSS pixels, and is fainter for as much again. */
const CLEAR_PX = 9;
/**
 * From the Sun on, parsecs: from where names fade to where they are gone, and lines. Half of all vertices are within 64 pc of
 * it: at 50 pc one still tells the figures of the far side, at 150 pc all of them are spokes around the Sun.
 */
const NAMES_PC = [40, 150] as const;
const LINES_PC = [60, 600] as const;
/** The light of a star counts by this power for the middle of a figure: by itself Sirius alone would be the Dog. */
const POWER = 0.25;
/** A figure that is all around has no middle: the length of the mean direction, from which on it has a name. */
const LEAST_MEAN = 0.7;
/** Where else than at the middle a name may be, CSS pixels below. */
const ASIDE_PX = [0, 16, -16, 32, -32, 48, -48];

export class Figures implements Part {
  private readonly stars: Landmark[];
  private readonly found: LandmarkStars;
  private readonly seen = new WeakSet<StoredCell>();

  constructor(
    private readonly file: FigureFile,
    private readonly store: SplatStore,
  ) {
    this.stars = file.stars.map(asLandmark);
    this.found = new LandmarkStars(this.stars);
  }

  draw(painter: Painter, { projection, area }: ChartView): void {
    const parsecs = length(projection.camera.position) / PARSEC_M;
    const weight = fade(LINES_PC, parsecs);
    if (weight === 0) return;
    const places = this.places();
    const to = places.map((place) => sub(place, projection.camera.position));
    const ways = to.map(unit);
    const lines = figureLines(projection, this.file.figures, ways);
    painter.lines(lines.bodies, `rgb(${TINT} / ${LINE * weight})`, LINE_PX);
    painter.lines(lines.ends, `rgb(${TINT} / ${(LINE * weight) / 3})`, LINE_PX);
    const named = fade(NAMES_PC, parsecs);
    if (named === 0) return;
    const lights = this.file.stars.map(({ luminosity }, star) => (luminosity / length(to[star]) ** 2) ** POWER);
    const color = `rgb(${TINT} / ${NAME * named})`;
    for (const figure of this.file.figures) this.name(painter, projection, area, figure, ways, lights, color);
  }

  /** Where the stars are drawn: the file's places, of stars that are loaded their own. */
  private places(): Vec3[] {
    for (const cell of this.store.cells) {
      if (this.seen.has(cell)) continue;
      this.seen.add(cell);
      this.found.addCell(this.store, cell);
    }
    return this.stars.map((star) => this.found.positionOf(star));
  }

  private name(
    painter: Painter,
    projection: Projection,
    area: Box,
    figure: Figure,
    ways: readonly Vec3[],
    lights: readonly number[],
    color: string,
  ): void {
    const middle = middleOf(figure, ways, lights);
    const at = middle && projection.point(middle);
    if (!at || at.x < area.left || at.x > area.right || at.y < area.top || at.y > area.bottom) return;
    ASIDE_PX.some((below) => painter.text(figure.name, at.x, at.y + below, color));
  }
}

/** From 1 at `from` to 0 at `to`, evenly in the logarithm. */
const fade = ([from, to]: readonly [number, number], parsecs: number) =>
  1 - smoothstep(Math.log(from), Math.log(to), Math.log(parsecs));

/** The star as what `LandmarkStars` looks for. */
function asLandmark({ hr, position }: FigureStar): Landmark {
  return { id: `HR ${hr}`, name: "", kind: "star", position, radiusM: 0, description: "" };
}

/** The direction of the middle of a figure by the light of its stars; null where it is all around. */
export function middleOf(figure: Figure, ways: readonly Vec3[], lights: readonly number[]): Vec3 | null {
  const stars = new Set(figure.pairs.flat());
  let sum: Vec3 = [0, 0, 0];
  let light = 0;
  for (const star of stars) {
    sum = add(sum, scale(ways[star], lights[star]));
    light += lights[star];
  }
  return length(sum) > LEAST_MEAN * light ? unit(sum) : null;
}

/** What is in view of the lines of figures, CSS pixels clear of their stars: `bodies`, and the fainter `ends` beside them. */
export function figureLines(
  projection: Projection,
  figures: readonly Figure[],
  ways: readonly Vec3[],
): { bodies: Segment[]; ends: Segment[] } {
  const lines: { bodies: Segment[]; ends: Segment[] } = { bodies: [], ends: [] };
  for (const { pairs } of figures) {
    for (const [from, to] of pairs) {
      const line = projection.segment(ways[from], ways[to]);
      if (!line) continue;
      const clear = shortened(line, CLEAR_PX);
      const body = clear && shortened(clear, CLEAR_PX);
      if (!clear) continue;
      if (!body) {
        lines.ends.push(clear);
        continue;
      }
      lines.bodies.push(body);
      if (clear.whole0) lines.ends.push({ ...clear, x1: body.x0, y1: body.y0 });
      if (clear.whole1) lines.ends.push({ ...clear, x0: body.x1, y0: body.y1 });
    }
  }
  return lines;
}

/** A line without `px` at each end that was not cut; null where nothing is left. */
function shortened(line: Segment, px: number): Segment | null {
  const { x0, y0, x1, y1, whole0, whole1 } = line;
  const long = Math.hypot(x1 - x0, y1 - y0);
  const [from, to] = [whole0 ? px / long : 0, whole1 ? 1 - px / long : 1];
  if (!(from < to)) return null;
  const [dx, dy] = [x1 - x0, y1 - y0];
  return { x0: x0 + from * dx, y0: y0 + from * dy, x1: x0 + to * dx, y1: y0 + to * dy, whole0, whole1 };
}
