/** Bodies in the picture: points that become globes as they come near, in one light. */
import type { RenderTarget } from "../gl/textures.ts";
import { smoothstep } from "../numbers.ts";
import type { View } from "../source.ts";
import { type Vec3, dot } from "../vec.ts";
import { FROM_PX, globeSum } from "./globe.ts";
import type { Layer, LayerView } from "./layer.ts";
import { GREY } from "./planets.ts";
import { RINGED } from "./ring.ts";
import { type Sight, angleBetween, sheetOf } from "./sight.ts";

/** A globe's middle may be so bright by itself, if its radius is far above these px; if below, it may burn out. */
const MOST_BRIGHT = 1.2;
const BRIGHT_PX = 16;
/** Globes below this radius, px, do not say how much light there may be. */
const SMALLEST_PX = 2;
/** A globe below the first radius, px, is as bright anywhere in the picture, as points are; above the second its surface is. */
const EVEN_PX = [1.5, 6] as const;
/** The angle from the axis, as a cosine, beyond which points are not drawn. */
const LEAST_DEPTH = 0.1;

/** The light of a globe's pixel where the Sun stands over it, at exposure 1, of a view of focal length `focal`, CSS px. */
export function peakOf({ globe, body, to, distance, phase }: Sight, focal: number): number {
  const size = body.place.radiusM / distance;
  // The ellipse that a flattened globe is seen as, over a circle.
  const [sine, flat] = [dot(to, body.pole), body.world?.flat ?? 1];
  const area = Math.sqrt(sine ** 2 + (1 - sine ** 2) * flat ** 2);
  return (globe * focal ** 2) / Math.max(area * globeSum(focal * size, phase), 1e-9);
}

/** The most exposure at which no globe in view burns out that is large enough to be looked at. */
export function limitOf(sights: readonly Sight[], { camera, width, height }: View): number {
  const focal = camera.focalPx(height);
  const corner = Math.atan(Math.hypot(width, height) / 2 / focal);
  let most = Infinity;
  for (const sight of sights) {
    const { to, distance, body, phase } = sight;
    const size = Math.min(body.place.radiusM / distance, 1);
    const radius = focal * size;
    if (radius < SMALLEST_PX || angleBetween(to, camera.forward) > corner + Math.asin(size)) continue;
    const lit = phase > Math.PI / 2 ? Math.max(Math.sin(phase), 1e-4) : 1;
    most = Math.min(most, (MOST_BRIGHT / (lit * peakOf(sight, focal))) * (1 + (BRIGHT_PX / radius) ** 3));
  }
  return most;
}

/** Draws one body into `target` with a share of its light; no pixel takes more than `most`. */
export function drawBody(
  layer: Layer,
  target: RenderTarget,
  view: LayerView,
  sight: Sight,
  weight: number,
  exposure: number,
  most: number,
): void {
  const { body, to, distance, sun, fromSun, globe, rings } = sight;
  const { focal, forward, right, up } = view;
  const size = Math.min(body.place.radiusM / distance, 0.999999);
  const share = smoothstep(...FROM_PX, focal * size);
  const color = body.world?.color ?? GREY;
  const tinted = (light: number) => color.map((value) => Math.min(value * light, most)) as unknown as Vec3;
  const depth = dot(to, forward);
  if (share > 0) {
    const even = 1 - smoothstep(...EVEN_PX, focal * size);
    const aside = Math.max(depth, LEAST_DEPTH) ** (3 * even);
    layer.drawGlobe(target, view, {
      to,
      size,
      pole: body.pole,
      flat: body.world?.flat ?? 1,
      sun,
      peak: tinted(exposure * aside * peakOf(sight, focal)),
      sheet: tinted(body.world?.name === RINGED ? exposure * aside * sheetOf(fromSun) : 0),
      share: weight * share,
    });
  }
  // After the globe, which hides what is before it.
  if (share < 1 && depth > LEAST_DEPTH) {
    const light = (weight * (1 - share) * exposure * (globe + rings) * focal ** 2) / Math.PI;
    const place = [(focal * dot(to, right)) / depth, (focal * dot(to, up)) / depth];
    layer.drawPoints(target, view, new Float32Array([...place, ...tinted(light)]), 1);
  }
}
