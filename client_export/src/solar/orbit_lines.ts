/** Orbits as lines, brightest behind the body and fading around to before it. */
import type { Painter } from "../chart/painter.ts";
import type { ChartView } from "../chart/part.ts";
import type { Segment } from "../chart/projection.ts";
import { smoothstep } from "../numbers.ts";
import { AU_M } from "../sky.ts";
import { type Vec3, add, cross, dot, length, scale, sub, unit } from "../vec.ts";
import { GM_SUN } from "./twobody.ts";

/** Pieces on either side of the body; nearer to it they are shorter, as one may be near it. */
const PIECES = 140;
/** Strokes of one line, each of one brightness. */
const STROKES = 10;
const [BRIGHT, FAINT] = [0.75, 0.12];
/** Semi-latus rectum on the screen, CSS pixels, from where to where a line appears. */
const SIZE_PX = [12, 40] as const;
/** Height of the camera over an orbit's plane, as a share of its size, from where to where it is no longer but a line. */
const HEIGHT = [0.01, 0.05] as const;
/** An unbound orbit is drawn to so far, times its perihelion. */
const OPEN = 60;

/** A conic around `focus`, metres. */
export interface Path {
  readonly focus: Vec3;
  readonly towards: Vec3;
  readonly across: Vec3;
  readonly latusM: number;
  readonly eccentricity: number;
  /** True anomaly of the body, radians. */
  readonly anomaly: number;
}

/** The conic of a place and velocity, au and au a day, around what has `gm`, au^3 / day^2, at `focus`, metres. */
export function pathOf(place: Vec3, velocity: Vec3, focus: Vec3, gm = GM_SUN): Path {
  const spin = cross(place, velocity);
  const r = length(place);
  const excess = sub(scale(cross(velocity, spin), 1 / gm), scale(place, 1 / r));
  const eccentricity = length(excess);
  const towards = eccentricity > 1e-9 ? unit(excess) : unit(place);
  const across = cross(unit(spin), towards);
  const anomaly = Math.atan2(dot(place, across), dot(place, towards));
  return { focus, towards, across, latusM: (dot(spin, spin) / gm) * AU_M, eccentricity, anomaly };
}

/** Where the conic is at a true anomaly, metres. */
export function pointOf({ focus, towards, across, latusM, eccentricity }: Path, anomaly: number): Vec3 {
  const r = latusM / (1 + eccentricity * Math.cos(anomaly));
  return add(focus, add(scale(towards, r * Math.cos(anomaly)), scale(across, r * Math.sin(anomaly))));
}

/** True anomalies from the body's own backwards once around, shorter steps near it, and how far around each is, 0 to 1. */
export function anomaliesOf({ eccentricity: e, anomaly }: Path): (readonly [anomaly: number, share: number])[] {
  const numbers = Array.from({ length: 2 * PIECES + 1 }, (_, i) => i / (2 * PIECES));
  if (e < 1) {
    const shares = numbers.map((u) => (u < 0.5 ? 4 * u ** 3 : 1 - 4 * (1 - u) ** 3));
    return shares.map((share) => [anomaly - 2 * Math.PI * share, share]);
  }
  const last = Math.acos(Math.max(-1, ((1 + e) / OPEN - 1) / e));
  return numbers.map((u) => {
    const at = last * (1 - 2 * u);
    return [at, at > anomaly ? 0.8 : 0.2];
  });
}

/** Draws a path. `color`: linear RGB; `bodyM`: nearer to the body than that nothing is drawn. */
export function drawPath(
  painter: Painter,
  { projection }: ChartView,
  path: Path,
  [r, g, b]: Vec3,
  bodyM: number,
  hides: (to: Vec3, distance: number) => boolean,
): void {
  const { camera, focal } = projection;
  const from = sub(camera.position, path.focus);
  const height = Math.abs(dot(from, cross(path.towards, path.across))) / path.latusM;
  const sizePx = (focal * path.latusM) / Math.max(length(from), 1);
  const weight = smoothstep(...HEIGHT, height) * smoothstep(...SIZE_PX, sizePx);
  if (weight === 0) return;
  const strokes = Array.from({ length: STROKES }, (): Segment[] => []);
  const body = pointOf(path, path.anomaly);
  let before: Vec3 | null = null;
  for (const [anomaly, share] of anomaliesOf(path)) {
    const place = pointOf(path, anomaly);
    const off = sub(place, camera.position);
    const distance = length(off);
    const to = scale(off, 1 / distance);
    const seen = length(sub(place, body)) > bodyM && !hides(to, distance);
    const segment: Segment | null = before && seen ? projection.segment(before, to) : null;
    if (segment && Math.hypot(segment.x1 - segment.x0, segment.y1 - segment.y0) > 0) {
      strokes[Math.min(STROKES - 1, Math.floor(share * STROKES))].push(segment);
    }
    before = seen ? to : null;
  }
  const top = Math.max(r, g, b);
  const [red, green, blue] = [r, g, b].map((value) => Math.round(255 * (0.35 + 0.65 * Math.sqrt(value / top))));
  strokes.forEach((segments, at) => {
    const alpha = weight * (FAINT + (BRIGHT - FAINT) * (1 - at / (STROKES - 1)) ** 1.5);
    painter.lines(segments, `rgb(${red} ${green} ${blue} / ${alpha.toFixed(3)})`, 1.2);
  });
}
