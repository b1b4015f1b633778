/**
 * Where the splats of cells are, tighter than their balls tell it: what is not in view need not be drawn. Cells are long and narrow
 * as seen from the Sun, where most looking is done, so a ball around one is wide in the sky. All its splats lie between two
 * balls on one line from the Sun, whose radii are the same share of their distances. Those that stand for each child are told
 * apart: an open child's are not shown.
 */
import type { Ball } from "./ball.ts";
import { rowsOf } from "./cell_rows.ts";
import { NEAR_UNITS, isFar } from "./far.ts";
import type { InView } from "./frustum.ts";
import { clamp } from "./numbers.ts";
import type { Places } from "./places.ts";
import type { Seen } from "./seen.ts";
import { OWN, type SplatStore, type StoredCell } from "./splat_store.ts";
import { type Vec3, add, dot, length, scale, sub } from "./vec.ts";

/** A Gaussian is drawn to about this many standard deviations. */
const REACH = 4;
/** From this share of its distance on the wider ball would be no better than the one that the cell has. */
const WIDEST = 0.7;
/** What float32 may make of places and variances. */
const SLACK = 1.0001;

/** Splats of a cell that are shown together. */
export interface Part {
  /** The child that they stand for, or OWN. */
  kind: number;
  /** Nothing of them lies outside of what these, one or two, enclose together. */
  balls: readonly Ball[];
  /** Metres: the largest standard deviation, the root of the mean of its variances; 0 of points. */
  widest: number;
}

/** What is known of the places of a cell's splats. */
export interface Extent {
  parts: readonly Part[];
  /** Distances of splats from the Sun, metres: of the nearest and of the farthest. */
  nearest: number;
  farthest: number;
}

/** The extents of cells, each found when it is first asked for. */
export class Extents {
  private readonly known = new WeakMap<StoredCell, Extent>();
  /** The cells beside a place of a store as it was. */
  private last: { store: SplatStore; version: number; from: Vec3; cells: StoredCell[] } | null = null;

  of(store: SplatStore, cell: StoredCell): Extent {
    let extent = this.known.get(cell);
    if (!extent) this.known.set(cell, (extent = extentOf(store, cell)));
    return extent;
  }

  /** The cells whose balls may be in view. */
  inView(store: SplatStore, { position, planes }: InView): StoredCell[] {
    const { cells, balls } = rowsOf(store);
    const [x, y, z] = position;
    const found: StoredCell[] = [];
    for (let i = 0, at = 0; i < cells.length; i++, at += 4) {
      const dx = balls[at] - x;
      const dy = balls[at + 1] - y;
      const dz = balls[at + 2] - z;
      const least = -balls[at + 3];
      let plane = 0;
      while (plane < 15 && planes[plane] * dx + planes[plane + 1] * dy + planes[plane + 2] * dz >= least) plane += 3;
      if (plane === 15) found.push(cells[i]);
    }
    return found;
  }

  /** The cells of which splats may be as near to `from` as `NearSplats` takes them: the same ones until it or the store changes. */
  beside(store: SplatStore, from: Vec3): readonly StoredCell[] {
    const { version } = store;
    if (this.last?.store !== store || this.last.version !== version || this.last.from !== from) {
      const away = length(from);
      const isBeside = (cell: StoredCell) =>
        cell.fromSun ? !this.passes(store, cell, away, NEAR_UNITS) : !isFar(cell, from);
      this.last = { store, version, from, cells: rowsOf(store).cells.filter(isBeside) };
    }
    return this.last.cells;
  }

  /** The parts of `cell`, which are soft, that are shown, wholly or in part, and that may be in a view from `from`. */
  seen(inView: InView, store: SplatStore, cell: StoredCell, from: Vec3): Seen[] {
    return this.of(store, cell)
      .parts.filter((part) => mayBeSeen(inView, cell, part))
      .map(({ balls, widest }) => ({ widest, nearest: distanceTo(balls, from) }));
  }

  /** Whether any part of `cell` is shown and may be in view. */
  isSeen(inView: InView, store: SplatStore, cell: StoredCell): boolean {
    for (const part of this.of(store, cell).parts) if (mayBeSeen(inView, cell, part)) return true;
    return false;
  }

  /** Whether all splats of `cell` are farther from a place than `share` of their distance from the Sun, `fromSun` metres from it. */
  passes(store: SplatStore, cell: StoredCell, fromSun: number, share: number): boolean {
    const { nearest, farthest } = this.of(store, cell);
    return fromSun * SLACK < (1 - share) * nearest || fromSun > (1 + share) * farthest * SLACK;
  }

  /** Forgets those of `cells` whose splats are at places that were written. */
  forget(cells: Iterable<StoredCell>, changes: readonly Places[]): void {
    if (changes.length === 0) return;
    for (const cell of cells) {
      const { start, count } = cell;
      if (changes.some((places) => places.start < start + count && start < places.end)) this.known.delete(cell);
    }
  }
}

function mayBeSeen(inView: InView, { weight, childWeights }: StoredCell, { kind, balls }: Part): boolean {
  return (childWeights && kind < OWN ? childWeights[kind] : weight) > 0 && inView(balls[0], balls[1]);
}

/** How near what one or two balls enclose comes to `from`, metres; 0 where it may be around it. */
export function distanceTo(balls: readonly Ball[], from: Vec3): number {
  const [one, two] = [balls[0], balls[balls.length - 1]];
  const [to, axis] = [sub(from, one.centre), sub(two.centre, one.centre)];
  const whole = length(axis);
  const slope = whole > 0 ? (two.radius - one.radius) / whole : 0;
  const along = whole > 0 ? dot(to, axis) / whole : 0;
  const across = Math.sqrt(Math.max(dot(to, to) - along ** 2, 0));
  // The distance to the balls between the two has its one minimum where this is, or at an end.
  const at = clamp(along + (across * slope) / Math.sqrt(1 - slope ** 2), [0, whole]);
  return Math.max(Math.hypot(at - along, across) - one.radius - slope * at, 0);
}

/** Costs two passes over the splats of `cell`. */
function extentOf(store: SplatStore, cell: StoredCell): Extent {
  const { means } = store;
  const { origin, unitM, start, count } = cell;
  const of = new Map<number, Splat[]>();
  let [nearest, farthest] = [Infinity, 0];
  for (let at = start; at < start + count; at++) {
    const place: Vec3 = [
      origin[0] + unitM * means[4 * at],
      origin[1] + unitM * means[4 * at + 1],
      origin[2] + unitM * means[4 * at + 2],
    ];
    const distance = length(place);
    nearest = Math.min(nearest, distance);
    farthest = Math.max(farthest, distance);
    const kind = means[4 * at + 3];
    const splat = { place, distance, reach: cell.points ? 0 : REACH * unitM * widthOf(store, at), at };
    const same = of.get(kind);
    if (same) same.push(splat);
    else of.set(kind, [splat]);
  }
  const parts = [...of].map(([kind, splats]): Part => {
    let variance = 0;
    for (const { at } of cell.points ? [] : splats) variance = Math.max(variance, meanVariance(store, at));
    return { kind, balls: ballsAround(splats) ?? [cell.ball], widest: unitM * Math.sqrt(variance) };
  });
  return { parts, nearest, farthest };
}

/** A splat: metres. */
interface Splat {
  place: Vec3;
  /** From the Sun. */
  distance: number;
  reach: number;
  at: number;
}

/** Two balls on a line from the Sun that enclose `splats` together; null where they would be too wide. */
function ballsAround(splats: readonly Splat[]): Ball[] | null {
  let axis: Vec3 = [0, 0, 0];
  for (const { place, distance } of splats) if (distance > 0) axis = add(axis, scale(place, 1 / distance));
  const size = length(axis);
  if (!(size > 0)) return null;
  axis = scale(axis, 1 / size);
  let [low, high, share] = [Infinity, 0, 0];
  for (const { place, reach } of splats) {
    const along = dot(place, axis);
    if (!(along > 0)) return null;
    share = Math.max(share, (length(sub(place, scale(axis, along))) + reach) / along);
    low = Math.min(low, along);
    high = Math.max(high, along);
  }
  if (share > WIDEST) return null;
  const ballAt = (along: number): Ball => ({ centre: scale(axis, along), radius: SLACK * share * along });
  return [ballAt(low), ballAt(high)];
}

function meanVariance({ covDiagonal }: SplatStore, at: number): number {
  return (covDiagonal[3 * at] + covDiagonal[3 * at + 1] + covDiagonal[3 * at + 2]) / 3;
}

/** No standard deviation of splat `at` is larger, cell units: by the sums of the rows of its covariance (Gershgorin). */
function widthOf({ covDiagonal, covOff }: SplatStore, at: number): number {
  const [xx, yy, zz] = [covDiagonal[3 * at], covDiagonal[3 * at + 1], covDiagonal[3 * at + 2]];
  const [xy, xz, yz] = [Math.abs(covOff[3 * at]), Math.abs(covOff[3 * at + 1]), Math.abs(covOff[3 * at + 2])];
  return Math.sqrt(Math.max(xx + xy + xz, yy + xy + yz, zz + xz + yz));
}
