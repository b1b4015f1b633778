/** Arrows at the edge of the picture to the Sun and to the goal, where these are out of view. */
import { type Landmark, SUN } from "../landmark.ts";
import { formatDistance } from "../lengths.ts";
import type { Box } from "../overlay.ts";
import { AU_M } from "../sky.ts";
import { type Vec3, length, sub, unit } from "../vec.ts";
import type { Painter } from "./painter.ts";
import type { ChartView, Part } from "./part.ts";
import type { Projection } from "./projection.ts";

/** Nearer than this to a place, metres, one is there. */
const AT_M = 100 * AU_M;
const EDGE_PX = 16;
/** Between the arrow and its text. */
const GAP_PX = 16;
const [LONG_PX, WIDE_PX] = [9, 6];
const COLORS = { sun: "rgb(255 207 143 / 90%)", goal: "rgb(169 205 197 / 95%)" };

/** Where an arrow is, CSS pixels, and which way it points, a unit vector on the screen. */
export interface Arrow {
  x: number;
  y: number;
  dx: number;
  dy: number;
}

export class Compass implements Part {
  draw(painter: Painter, { projection, area, goal }: ChartView): void {
    if (goal && goal.id !== SUN.id) this.point(painter, projection, area, goal, COLORS.goal);
    this.point(painter, projection, area, SUN, COLORS.sun);
  }

  private point(painter: Painter, projection: Projection, area: Box, place: Landmark, color: string): void {
    const to = sub(place.position, projection.camera.position);
    const distance = length(to);
    const arrow = distance > AT_M ? arrowTo(projection, area, unit(to)) : null;
    if (!arrow) return;
    const { x, y, dx, dy } = arrow;
    const corner = (along: number, across: number) =>
      [x + along * dx - across * dy, y + along * dy + across * dx] as const;
    painter.shape([corner(LONG_PX, 0), corner(-LONG_PX / 2, WIDE_PX), corner(-LONG_PX / 2, -WIDE_PX)], color);
    const text = `${place.name}   ${formatDistance(distance)}`;
    const room = painter.widthOf(text) / 2 + EDGE_PX / 2;
    const align = Math.abs(dx) < 0.5 ? "center" : dx > 0 ? "right" : "left";
    const [low, high] = align === "center" ? [area.left + room, area.right - room] : [area.left, area.right];
    const at = Math.max(low, Math.min(high, x - GAP_PX * dx));
    painter.text(text, at, y - GAP_PX * dy, color, align);
  }
}

/** The arrow to an ecliptic direction; null where that is in view, inside `area` left and right and the whole screen's height. */
export function arrowTo(projection: Projection, area: Box, direction: Vec3): Arrow | null {
  const [right, up, forward] = projection.turn(direction);
  const at = projection.point(direction);
  if (at && at.x >= area.left && at.x <= area.right && at.y >= 0 && at.y <= projection.height) return null;
  // Exactly behind there is no way that is nearer than another.
  const aside = Math.hypot(right, up);
  const [dx, dy] = aside > 1e-9 ? [right / aside, -up / aside] : [0, 1];
  const middle = [(area.left + area.right) / 2, (area.top + area.bottom) / 2];
  const [roomX, roomY] = [(area.right - area.left) / 2 - EDGE_PX, (area.bottom - area.top) / 2 - EDGE_PX];
  const steps = Math.min(dx === 0 ? Infinity : roomX / Math.abs(dx), dy === 0 ? Infinity : roomY / Math.abs(dy));
  return forward >= 1 ? null : { x: middle[0] + steps * dx, y: middle[1] + steps * dy, dx, dy };
}
