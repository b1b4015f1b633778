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

export function drawOrbits(painter: Painter, view: ChartView, sights: readonly Sight[], paths: Paths): void {
  for (const sight of sights) {
    const { world, moon, place } = sight.body;
    if (world?.name === MOON && sight.distance > MOON_ORBIT_M) continue;
    const globes = [sight, ...sights.filter(({ body }) => moon && body.world?.name === moon.planet)];
    const hides = (to: Vec3, far: number) =>
      globes.some(({ body, distance, to: middle }) => {
        const size = Math.asin(Math.min(1, body.place.radiusM / distance));
        return far > distance && angleBetween(to, middle) < size;
      });
    drawPath(painter, view, paths.of(sight.body), world?.color ?? GREY, 1.05 * place.radiusM, hides);
  }
}
