/** The orbits of the bodies in sight, on the chart. */
import type { Painter } from "../chart/painter.ts";
import type { ChartView } from "../chart/part.ts";
import { AU_M } from "../sky.ts";
import type { Vec3 } from "../vec.ts";
import { drawPath } from "./orbit_lines.ts";
import { MOON, type Paths } from "./paths.ts";
import { GREY } from "./planets.ts";
import { type Sight, angleBetween } from "./sight.ts";

/** The orbit of the Moon is shown to here from it, metres. */
const MOON_ORBIT_M = 0.2 * AU_M;

/** Globes smaller than this, radius over distance, hide no line. */
const SMALLEST = 1e-3;

export function drawOrbits(painter: Painter, view: ChartView, sights: readonly Sight[], paths: Paths): void {
  const globes = sights.filter(({ body, distance }) => body.place.radiusM / distance > SMALLEST);
  const hides = (to: Vec3, far: number) =>
    globes.some(({ body, distance, to: middle }) => {
      const size = Math.asin(Math.min(1, body.place.radiusM / distance));
      return far > distance && angleBetween(to, middle) < size;
    });
  for (const { body, distance } of sights) {
    const { world, place } = body;
    if (world?.name === MOON && distance > MOON_ORBIT_M) continue;
    drawPath(painter, view, paths.of(body), world?.color ?? GREY, 1.05 * place.radiusM, hides);
  }
}
