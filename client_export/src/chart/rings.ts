/** Rings around the Sun in the plane of the Galaxy: how far one has come, and which way the plane lies. */
import { PARSEC_M } from "../sky.ts";
import { smoothstep } from "../numbers.ts";
import { type Vec3, add, length, scale, sub, unit } from "../vec.ts";
import type { Painter } from "./painter.ts";
import type { ChartView, Part } from "./part.ts";
import type { Projection, Segment } from "./projection.ts";
import { SKY_FRAMES } from "./sky_frames.ts";

const RADII_PC = [1, 10, 100, 1000, 10_000, 100_000];
const PIECES = 120;
const TINT = "150 205 190";
const [LINE, LABEL] = [0.42, 0.85];
/** Shown from this distance of the camera from the Sun on, in radii: from within the plane a ring is but a line. */
const [HIDDEN, CLEAR] = [0.1, 0.4];
/** Smallest radius on the screen, CSS pixels. */
const SMALLEST_PX = 16;

export class Rings implements Part {
  draw(painter: Painter, { projection, area }: ChartView): void {
    const fromSun = length(projection.camera.position);
    for (const parsecs of RADII_PC) {
      const radius = parsecs * PARSEC_M;
      const weight = smoothstep(HIDDEN, CLEAR, fromSun / radius);
      if (weight === 0 || (radius / fromSun) * projection.focal < SMALLEST_PX) continue;
      const segments = ringSegments(projection, radius);
      painter.lines(segments, `rgb(${TINT} / ${LINE * weight})`);
      const inside = segments.filter(
        ({ x0, y0 }) => x0 > area.left + 30 && x0 < area.right - 30 && y0 > area.top + 8 && y0 < area.bottom - 8,
      );
      if (inside.length === 0) continue;
      const lowest = inside.reduce((low, segment) => (segment.y0 > low.y0 ? segment : low));
      painter.text(
        parsecs < 1000 ? `${parsecs} pc` : `${parsecs / 1000} kpc`,
        lowest.x0,
        lowest.y0,
        `rgb(${TINT} / ${LABEL * weight})`,
      );
    }
  }
}

/** What is on the screen of the ring of `radius`, metres, around the Sun in the plane of the Galaxy. */
export function ringSegments(projection: Projection, radius: number): Segment[] {
  const [x, y] = SKY_FRAMES.galactic;
  const towards = (part: number): Vec3 => {
    const angle = (2 * Math.PI * part) / PIECES;
    const place = add(scale(x, radius * Math.cos(angle)), scale(y, radius * Math.sin(angle)));
    return unit(sub(place, projection.camera.position));
  };
  const segments: Segment[] = [];
  for (let part = 0; part < PIECES; part++) {
    const found = projection.segment(towards(part), towards(part + 1));
    if (found) segments.push(found);
  }
  return segments;
}
