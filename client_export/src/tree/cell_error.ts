/** How wrong the light of a cell is while its proxies stand for it: known beforehand, by its table. */
import type { Ball } from "../ball.ts";
import { type Vec3, dot, length, sub } from "../vec.ts";
import type { IndexCell } from "../v2/index.ts";
import { PROXY_BITS } from "../v2/quantities.ts";
import type { Standing } from "./cell_data.ts";

/** Views are judged by blocks of so many pixels. */
export const BLOCK_PX = 32;
/** Widths of the table: D, D/2, ... D/32. */
const WIDTHS = 6;
/**
 * How far rounding moves a proxy, a quarter of a step, as a share of its distance from the Sun, in a cell of depth 0: across
 * the line from the Sun, which views along it see, and along it.
 */
const ROUNDING = [Math.PI, 32 * Math.LN2].map((cell) => cell / 4 / 2 ** PROXY_BITS);
/** From this many times its radius a cell's light is that of a point, to a percent or two. */
const FAR = 8;

/**
 * The light of proxies, or of those whose middle `isSeen`, steradians at exposure 1, seen from `camera`: none gives more than
 * from its own size away.
 */
export function lightOf(
  { count, place, luminosity, sigma, total, ball }: Standing,
  camera: Vec3,
  isSeen?: (ball: Ball) => boolean,
): number {
  const distance = length(sub(ball.centre, camera));
  if (!isSeen && distance > FAR * ball.radius && distance > 0) return total / distance ** 2;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    if (isSeen && !isSeen({ centre: [place[3 * i], place[3 * i + 1], place[3 * i + 2]], radius: 0 })) continue;
    const [x, y, z] = [place[3 * i] - camera[0], place[3 * i + 1] - camera[1], place[3 * i + 2] - camera[2]];
    sum += luminosity[i] / Math.max(x * x + y * y + z * z, sigma[i] ** 2, 1);
  }
  return sum;
}

/** What the table says of blocks `width` metres wide: between widths by their logarithm, beyond D less as they grow. */
export function tableAt(errors: Float32Array, first: number, extent: number, width: number): number {
  if (extent === 0) return 0;
  const step = Math.log2(extent / width);
  if (step <= 0) return (errors[first] * extent) / width;
  const low = Math.min(Math.floor(step), WIDTHS - 2);
  const share = Math.min(step - low, 1);
  return errors[first + low] * (1 - share) + errors[first + low + 1] * share;
}

/**
 * The light, steradians at exposure 1, that a view of focal length `focalPx` shows in the wrong block while `standing`
 * stands for `cell`: by its table, 6 errors along the line from the Sun, then 6 across it, for widths from its extent on,
 * and because a pack rounds the places of proxies.
 */
export function errorOf(standing: Standing, { id, extent, errors }: IndexCell, camera: Vec3, focalPx: number): number {
  const light = lightOf(standing, camera);
  const { centre } = standing.ball;
  const to = sub(centre, camera);
  const distance = length(to);
  if (distance < extent / 2) return light;
  const width = (BLOCK_PX * distance) / focalPx;
  const r = Math.max(length(centre), 1);
  const along = (dot(to, centre) / (distance * r)) ** 2;
  const share = (first: number, rounding: number) =>
    tableAt(errors, first, extent, width) + Math.min((rounding * r) / 2 ** id.depth / width, 1);
  return light * Math.min(share(0, ROUNDING[0]) * along + share(WIDTHS, ROUNDING[1]) * (1 - along), 1);
}
