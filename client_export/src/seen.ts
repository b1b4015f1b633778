/** How wide splats look, and into which of the targets they are drawn. */
import type { StoredCell } from "./splat_store.ts";
import { type Vec3, length, sub } from "./vec.ts";

/** What rounding may make of the width of a splat. */
const SLACK = 1.001;

/** What is known of some soft splats before they are drawn, metres. */
export interface Seen {
  /** The largest standard deviation, the root of the mean of its variances. */
  widest: number;
  /** From the camera to the nearest, or less. */
  nearest: number;
}

/** The same of all splats of a cell. */
export function wholeOf({ widest, ball }: StoredCell, from: Vec3): Seen {
  return { widest, nearest: Math.max(length(sub(ball.centre, from)) - ball.radius, 0) };
}

/** The last of `targets`, which go from narrow splats to wide ones, that takes any of such splats. */
export function lastTarget(targets: readonly { from: number }[], { widest, nearest }: Seen, focal: number): number {
  const widestPx = widest > 0 ? (SLACK * widest * focal) / nearest : 0;
  return Math.max(targets.filter(({ from }) => from <= widestPx).length - 1, 0);
}
