/** From directions in space to lines on the screen, cut where they leave it. A great circle is straight there. */
import type { Camera } from "../camera.ts";
import { type Vec3, add, dot, scale, sub } from "../vec.ts";

/** How far before the camera's plane lines are cut, as a share of their distance: 89 degrees off the axis. */
const NEAREST = 0.02;
/** Lines are drawn this far out of the screen, CSS pixels, so that their cut ends are not seen. */
const MARGIN_PX = 4;

/** A line on the screen, CSS pixels from the top left corner. */
export interface Segment {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
  /** Whether it begins, and ends, where it was meant to: false where it was cut. */
  whole0: boolean;
  whole1: boolean;
}

export class Projection {
  readonly width: number;
  readonly height: number;
  /** Of the camera, CSS pixels. */
  readonly focal: number;
  private readonly axes: readonly [Vec3, Vec3, Vec3];

  /** Of a view of `size`, CSS pixels. */
  constructor(
    readonly camera: Camera,
    size: { width: number; height: number },
  ) {
    this.width = size.width;
    this.height = size.height;
    this.focal = camera.focalPx(size.height);
    const { right, up, forward } = camera.basis();
    this.axes = [right, up, forward];
  }

  /** Angle between the middle of the view and its corners, radians. */
  get reach(): number {
    return Math.atan(Math.hypot(this.width, this.height) / 2 / this.focal);
  }

  /** An ecliptic vector along right, up and forward. */
  turn(vector: Vec3): Vec3 {
    return [dot(this.axes[0], vector), dot(this.axes[1], vector), dot(this.axes[2], vector)];
  }

  /** Where an ecliptic direction lies on the screen or beside it; null behind the camera. */
  point(direction: Vec3): { x: number; y: number } | null {
    const turned = this.turn(direction);
    return turned[2] > 0 ? this.place(turned) : null;
  }

  /** What is before the camera of the straight line between two ecliptic unit vectors; null for nothing. */
  line(from: Vec3, to: Vec3): Segment | null {
    const a = this.turn(from);
    const b = this.turn(to);
    if (a[2] < NEAREST && b[2] < NEAREST) return null;
    const start = this.place(a[2] < NEAREST ? cut(a, b) : a);
    const end = this.place(b[2] < NEAREST ? cut(b, a) : b);
    const [whole0, whole1] = [a[2] >= NEAREST, b[2] >= NEAREST];
    return { x0: start.x, y0: start.y, x1: end.x, y1: end.y, whole0, whole1 };
  }

  /** As `line`, cut at the edges of the screen too. */
  segment(from: Vec3, to: Vec3): Segment | null {
    const found = this.line(from, to);
    return found && clip(found, this.width, this.height, MARGIN_PX);
  }

  private place([x, y, z]: Vec3): { x: number; y: number } {
    const focal = this.focal / z;
    return { x: this.width / 2 + focal * x, y: this.height / 2 - focal * y };
  }
}

/** The point at NEAREST on the way from `behind`, which is nearer, to `before`. */
function cut(behind: Vec3, before: Vec3): Vec3 {
  return add(behind, scale(sub(before, behind), (NEAREST - behind[2]) / (before[2] - behind[2])));
}

/** What lies in the box from (0, 0) to (width, height) and `margin` around it (Liang and Barsky 1984); null for nothing. */
export function clip(line: Segment, width: number, height: number, margin = 0): Segment | null {
  const { x0, y0, x1, y1 } = line;
  const [dx, dy] = [x1 - x0, y1 - y0];
  let [from, to] = [0, 1];
  for (const [slope, room] of [
    [-dx, x0 + margin],
    [dx, width + margin - x0],
    [-dy, y0 + margin],
    [dy, height + margin - y0],
  ]) {
    if (slope === 0 && room < 0) return null;
    if (slope < 0) from = Math.max(from, room / slope);
    if (slope > 0) to = Math.min(to, room / slope);
  }
  if (from > to) return null;
  return {
    x0: x0 + from * dx,
    y0: y0 + from * dy,
    x1: x0 + to * dx,
    y1: y0 + to * dy,
    whole0: line.whole0 && from === 0,
    whole1: line.whole1 && to === 1,
  };
}
