/** Balls around cells: what distances to a cell are measured by. */
import { type Vec3, length, sub } from "./vec.ts";

/** A ball, metres. */
export interface Ball {
  centre: Vec3;
  radius: number;
}

/** The ball through the corners of a box; a box without size counts as one metre, so that ratios stay finite. */
export function ballAround(low: Vec3, high: Vec3): Ball {
  const centre: Vec3 = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, (low[2] + high[2]) / 2];
  return { centre, radius: Math.max(length(sub(high, low)) / 2, 1) };
}

/** Distance of `point` from the ball's centre, in its radii. */
export const radiiFrom = (ball: Ball, point: Vec3): number => length(sub(point, ball.centre)) / ball.radius;
