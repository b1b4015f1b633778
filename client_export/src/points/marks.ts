/** Marks of constant size over the sky, at places in space: rings, or dots where they are many, with names where there is room. */
import type { Painter } from "../chart/painter.ts";
import type { Box, Frame } from "../overlay.ts";
import type { Spot } from "../panel/pick.ts";
import type { Points } from "./table.ts";

/** Tables with more rows than this are drawn as dots: so many rings would hide the stars. */
const MOST_RINGS = 500;
const RING = { radius: 4.5, width: 1.5 };
const DOT_RADIUS = 2;
/** Under a ring, so that it is seen before bright light too. */
const UNDER = { color: "rgb(0 0 0 / 55%)", width: 3.5 };
const GAP_PX = 8;
/** Where a name may be beside its mark, CSS pixels, and what of it is there. */
const SIDES = [
  [GAP_PX, 0, "left"],
  [-GAP_PX, 0, "right"],
  [0, -2 * GAP_PX, "center"],
  [0, 2 * GAP_PX, "center"],
] as const;
const MOST_NAMES = 60;
/** So many of the brightest in view are tried to be named. */
const MOST_TRIED = 400;
const TINT = "#7fd4ff";
const TEXT_COLOR = "rgb(178 226 255 / 92%)";
/** What is pointed at is that within this share of a spot's reach: marks are larger than stars. */
const REACH = 2 / 3;

/** A mark: a row of a table. */
export interface Mark {
  points: Points;
  row: number;
}

/** A table's marks on the screen. */
class Drawn {
  readonly colors = new Map<string, number[]>();
  /** Rows with names, the brightest first. */
  readonly named: number[];
  /** Where each row is on the screen, x, y, CSS pixels; NaN where it is not in view. */
  readonly at: Float64Array;

  constructor(readonly points: Points) {
    this.at = new Float64Array(2 * points.rows.length).fill(NaN);
    points.colors.forEach((color, row) => {
      const rows = this.colors.get(color);
      if (rows) rows.push(row);
      else this.colors.set(color, [row]);
    });
    const rank = (row: number) => (Number.isFinite(points.mags[row]) ? points.mags[row] : Infinity);
    this.named = points.names.flatMap((name, row) => (name === "" ? [] : [row]));
    this.named.sort((a, b) => (rank(a) === rank(b) ? a - b : rank(a) - rank(b)));
  }
}

export class Marks {
  /** What the pointer rests on. */
  hovered: Mark | null = null;
  private drawn: Drawn[] = [];
  /** Of the screen, CSS pixels. */
  private width = 0;

  constructor(private readonly painter: Painter) {}

  /** Draws these tables from now on, in this order. */
  show(tables: readonly Points[]): void {
    this.drawn = tables.map((points) => this.drawn.find((each) => each.points === points) ?? new Drawn(points));
    if (this.hovered && !tables.includes(this.hovered.points)) this.hovered = null;
  }

  /** Draws all of them. Names keep out of `taken`, and those that are `written` on the sky already are left out. */
  draw({ camera, size }: Frame, taken: readonly Box[], written: ReadonlySet<string>, names: boolean): void {
    const { painter } = this;
    painter.begin(size, taken);
    this.width = size.width;
    const { right, up, forward } = camera.basis();
    const focal = camera.focalPx(size.height);
    const [px, py, pz] = camera.position;
    for (const { points, at, colors } of this.drawn) {
      const { places } = points;
      for (let row = 0; row < points.rows.length; row++) {
        const [x, y, z] = [places[3 * row] - px, places[3 * row + 1] - py, places[3 * row + 2] - pz];
        const depth = x * forward[0] + y * forward[1] + z * forward[2];
        const left = size.width / 2 + (focal * (x * right[0] + y * right[1] + z * right[2])) / depth;
        const top = size.height / 2 - (focal * (x * up[0] + y * up[1] + z * up[2])) / depth;
        const inView = depth > 0 && left > -GAP_PX && top > -GAP_PX && left < size.width + GAP_PX;
        at[2 * row] = inView && top < size.height + GAP_PX ? left : NaN;
        at[2 * row + 1] = top;
      }
      const asRings = points.rows.length <= MOST_RINGS;
      for (const [color, rows] of colors) {
        const spots = rows.flatMap((row) => (Number.isNaN(at[2 * row]) ? [] : [at[2 * row], at[2 * row + 1]]));
        if (asRings) {
          painter.circles(spots, RING.radius, UNDER.color, UNDER.width);
          painter.circles(spots, RING.radius, color || TINT, RING.width);
        } else painter.circles(spots, DOT_RADIUS, color || TINT);
      }
    }
    this.nameHovered();
    if (names) for (const drawn of this.drawn) this.name(drawn, written);
    painter.end();
  }

  /** The mark that is meant at a spot of the view; null where none is near. */
  at({ x, y, reach }: Pick<Spot, "x" | "y" | "reach">): Mark | null {
    let [nearest, found]: [number, Mark | null] = [REACH * reach, null];
    for (const { points, at } of this.drawn) {
      for (let row = 0; row < points.rows.length; row++) {
        const away = Math.hypot(at[2 * row] - x, at[2 * row + 1] - y);
        if (away < nearest) [nearest, found] = [away, { points, row }];
      }
    }
    return found;
  }

  private nameHovered(): void {
    if (!this.hovered) return;
    const { points, row } = this.hovered;
    const at = this.drawn.find((each) => each.points === points)?.at;
    if (!at || Number.isNaN(at[2 * row])) return;
    const [x, y] = [at[2 * row], at[2 * row + 1]];
    this.painter.circles([x, y], RING.radius + RING.width, TEXT_COLOR, RING.width);
    this.write(points.names[row], x, y);
  }

  private name({ points, named, at }: Drawn, written: ReadonlySet<string>): void {
    let [done, tried] = [0, 0];
    for (const row of named) {
      if (Number.isNaN(at[2 * row]) || written.has(points.names[row])) continue;
      if (this.hovered?.points === points && this.hovered.row === row) continue;
      if (this.write(points.names[row], at[2 * row], at[2 * row + 1])) done++;
      if (done === MOST_NAMES || ++tried === MOST_TRIED) return;
    }
  }

  private write(name: string, x: number, y: number): boolean {
    if (name === "") return false;
    const width = this.painter.widthOf(name);
    return SIDES.some(([dx, dy, align]) => {
      const left = x + dx - (align === "left" ? 0 : align === "right" ? width : width / 2);
      const fits = left >= 0 && left + width <= this.width;
      return fits && this.painter.text(name, x + dx, y + dy, TEXT_COLOR, align);
    });
  }
}
