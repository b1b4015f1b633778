/** All light that comes to a place, as the root tells it: its stars are the brightest, its proxies stand for all others. */
import type { Ball } from "../ball.ts";
import type { SplatStore } from "../splat_store.ts";
import { type Vec3, length, scale, sub } from "../vec.ts";
import { lightOf } from "./cell_error.ts";
import type { Content } from "./node.ts";

/** Beside a star all else would look dark: from this share of its distance from the Sun on it counts no more. */
const BESIDE_STAR = 1e-3;

/** The light at `camera`, of what `isSeen` if that is given; steradians at exposure 1, above zero. */
export function allLight(
  { stars, standing }: Content,
  store: SplatStore,
  camera: Vec3,
  isSeen?: (ball: Ball) => boolean,
): number {
  let sum = standing.reduce((light, each) => light + (each ? lightOf(each, camera, isSeen) : 0), 0);
  if (!stars) return Math.max(sum, 1e-300);
  const { means, covDiagonal } = store;
  for (let at = stars.start; at < stars.start + stars.count; at++) {
    const place = scale([means[4 * at], means[4 * at + 1], means[4 * at + 2]], stars.unitM);
    if (isSeen && !isSeen({ centre: place, radius: 0 })) continue;
    const distance2 = length(sub(place, camera)) ** 2;
    const luminosity = 2 * Math.PI * covDiagonal[3 * at] * stars.unitM ** 2;
    sum += luminosity / Math.max(distance2, (BESIDE_STAR * length(place)) ** 2);
  }
  return Math.max(sum, 1e-300);
}
