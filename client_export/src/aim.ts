/** What lies under a pointer, or along its direction: where the wheel and two fingers lead. */
import { OWN, type SplatStore } from "./splat_store.ts";
import { type Vec3, add, dot, length, scale, sub } from "./vec.ts";

/** Lights so far beside the direction still say how far it is to something along it, radians. */
const ALONG_RAD = 0.15;

export interface Aim {
  /** Metres. */
  place: Vec3;
  /** A light is there; else it is as far as the nearest light along the direction. */
  light: boolean;
  /** One may come so near, metres, where it is not as of a star. */
  closest?: number;
}

/**
 * What the unit vector `ray` points at from `camera`, metres: of the lights within `withinRad` of it that which is brightest,
 * those in the middle before others; else the place on it that is as far away as the nearest light about it, or `otherwise`
 * metres where there is none. Looks through the cells that lie about the ray.
 */
export function aimAlong(store: SplatStore, camera: Vec3, ray: Vec3, withinRad: number, otherwise: number): Aim {
  const { means, covDiagonal, light } = store;
  const [rx, ry, rz] = ray;
  const least = Math.cos(ALONG_RAD);
  let [best, brightness, nearest] = [null as Vec3 | null, 0, Infinity];
  for (const cell of store.cells) {
    const { weight, childWeights, points, origin, unitM, start, count, ball } = cell;
    if (weight === 0 || !isAbout(sub(ball.centre, camera), ball.radius, ray)) continue;
    const [x, y, z] = scale(sub(camera, origin), 1 / unitM);
    for (let at = start; at < start + count; at++) {
      const dx = means[4 * at] - x;
      const dy = means[4 * at + 1] - y;
      const dz = means[4 * at + 2] - z;
      const distance2 = dx * dx + dy * dy + dz * dz;
      const distance = Math.sqrt(distance2);
      if (!(dx * rx + dy * ry + dz * rz > least * distance)) continue;
      const child = means[4 * at + 3];
      const shown = childWeights && child < OWN ? childWeights[child] : weight;
      if (shown === 0) continue;
      const variance = (covDiagonal[3 * at] + covDiagonal[3 * at + 1] + covDiagonal[3 * at + 2]) / 3;
      const sigma = points ? 0 : Math.sqrt(variance);
      nearest = Math.min(nearest, unitM * Math.max(distance, sigma));
      // The angle by its chord, as a cosine does not tell small ones.
      const off2 = ((dx / distance - rx) ** 2 + (dy / distance - ry) ** 2 + (dz / distance - rz) ** 2) / withinRad ** 2;
      if (off2 >= 1 || sigma > withinRad * distance) continue;
      const seen =
        (shown * (light[3 * at] + light[3 * at + 1] + light[3 * at + 2]) * variance * (1 - off2)) / distance2;
      if (seen <= brightness) continue;
      brightness = seen;
      best = [0, 1, 2].map((axis) => origin[axis] + unitM * means[4 * at + axis]) as unknown as Vec3;
    }
  }
  if (best) return { place: best, light: true };
  return { place: add(camera, scale(ray, nearest < Infinity ? nearest : otherwise)), light: false };
}

/** Whether a ball at `to` reaches into the cone of ALONG_RAD about `ray`. */
function isAbout(to: Vec3, radius: number, ray: Vec3): boolean {
  const distance = length(to);
  if (distance <= radius) return true;
  return Math.acos(Math.min(1, dot(to, ray) / distance)) < ALONG_RAD + Math.asin(radius / distance);
}
