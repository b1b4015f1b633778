/** The grids of the sky, labelled where they leave the picture. */
import type { Box } from "../overlay.ts";
import type { Painter } from "./painter.ts";
import type { ChartView, Part } from "./part.ts";
import { type GridLine, gridLines } from "./grid_lines.ts";
import type { Segment } from "./projection.ts";
import type { Axes } from "./sky_frames.ts";
import { SKY_FRAMES } from "./sky_frames.ts";

const TINTS = { equatorial: "120 165 255", ecliptic: "240 195 110", galactic: "235 130 175" };
/** Opacity of lines, of the equator, and of labels. */
const [LINE, EQUATOR, LABEL] = [0.26, 0.5, 0.85];
/** Labels lie so far inside of the picture, CSS pixels. */
const INSIDE_PX = 10;

export class Grid implements Part {
  private readonly axes: Axes;
  private readonly tint: string;

  constructor(private readonly name: keyof typeof SKY_FRAMES) {
    this.axes = SKY_FRAMES[name];
    this.tint = TINTS[name];
  }

  draw(painter: Painter, { projection, area }: ChartView): void {
    const lines: Segment[] = [];
    const equator: Segment[] = [];
    const labels: { text: string; x: number; y: number; align: "left" | "center" | "right" }[] = [];
    for (const line of gridLines(this.axes, this.name === "equatorial", projection)) {
      const into = line.kind === "latitude" && line.value === 0 ? equator : lines;
      const whole: Segment[] = [];
      for (let i = 1; i < line.points.length; i++) {
        const [from, to] = [line.points[i - 1], line.points[i]];
        const cut = projection.segment(from, to);
        if (!cut) continue;
        into.push(cut);
        whole.push(cut);
      }
      const at = labelPlace(line, whole, area);
      if (at) labels.push({ text: line.label, ...at });
    }
    painter.lines(lines, `rgb(${this.tint} / ${LINE})`);
    painter.lines(equator, `rgb(${this.tint} / ${EQUATOR})`);
    for (const { text, x, y, align } of labels) painter.text(text, x, y, `rgb(${this.tint} / ${LABEL})`, align);
  }
}

/** Where a line is labelled: of latitude at the left edge, else at the right; of longitude at the bottom, else the top. */
function labelPlace({ kind }: GridLine, line: Segment[], area: Box): ReturnType<typeof crossing> {
  const [left, right] = [area.left + INSIDE_PX, area.right - INSIDE_PX];
  if (kind === "latitude") {
    const inside = (at: number) => at > area.top + INSIDE_PX && at < area.bottom - INSIDE_PX;
    return crossing(line, "x", left, inside, "left") ?? crossing(line, "x", right, inside, "right");
  }
  const inside = (at: number) => at > left && at < right;
  const [top, bottom] = [area.top + INSIDE_PX, area.bottom - INSIDE_PX];
  return crossing(line, "y", bottom, inside, "center") ?? crossing(line, "y", top, inside, "center");
}

/** Where a line first has `value` on an axis, and is `inside` on the other. */
function crossing(
  line: Segment[],
  axis: "x" | "y",
  value: number,
  inside: (other: number) => boolean,
  align: "left" | "center" | "right",
) {
  for (const { x0, y0, x1, y1 } of line) {
    const [a0, a1, b0, b1] = axis === "x" ? [x0, x1, y0, y1] : [y0, y1, x0, x1];
    if ((a0 - value) * (a1 - value) > 0 || a0 === a1) continue;
    const other = b0 + ((value - a0) / (a1 - a0)) * (b1 - b0);
    if (inside(other)) return axis === "x" ? { x: value, y: other, align } : { x: other, y: value, align };
  }
  return null;
}
