/** All light that comes to a place, as the root tells it: its stars are the brightest, its proxies stand for all others. */
import type { Ball } from "../ball.ts";
import type { SplatStore } from "../splat_store.ts";
import { type Vec3, scale } from "../vec.ts";
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
  let sum = 0;
  const add = (place: Vec3, luminosity: number, least2: number): void => {
    if (isSeen && !isSeen({ centre: place, radius: 0 })) return;
    const [x, y, z] = [place[0] - camera[0], place[1] - camera[1], place[2] - camera[2]];
    sum += luminosity / Math.max(x * x + y * y + z * z, least2);
  };
  for (const proxies of standing) {
    for (let i = 0; i < (proxies?.count ?? 0); i++) {
      const { place, luminosity, sigma } = proxies as NonNullable<typeof proxies>;
      add([place[3 * i], place[3 * i + 1], place[3 * i + 2]], luminosity[i], Math.max(sigma[i] ** 2, 1));
    }
  }
  const { means, covDiagonal } = store;
  for (let at = stars?.start ?? 0, end = at + (stars?.count ?? 0); at < end; at++) {
    const { unitM } = stars as NonNullable<typeof stars>;
    const place = scale([means[4 * at], means[4 * at + 1], means[4 * at + 2]], unitM);
    const distance2 = place[0] ** 2 + place[1] ** 2 + place[2] ** 2;
    add(place, 2 * Math.PI * covDiagonal[3 * at] * unitM ** 2, BESIDE_STAR ** 2 * distance2);
  }
  return Math.max(sum, 1e-300);
}
