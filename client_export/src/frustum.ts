/** Whether a ball, or what lies between two, is in view, or near it. */
import type { Ball } from "./ball.ts";
import type { Camera } from "./camera.ts";
import { type Vec3, add, scale } from "./vec.ts";

/** Says whether any of a ball, or of what two balls enclose together, may be in view. */
export interface InView {
  (one: Ball, two?: Ball): boolean;
  /** Where one looks from, metres. */
  position: Vec3;
  /** [5, 3] Inwards, of the planes through there that bound the view. */
  planes: Float64Array;
}

/** What may be within a view of `width` x `height` CSS px and `marginPx` around. */
export function frustumOf(camera: Camera, width: number, height: number, marginPx: number): InView {
  const { right, up, forward } = camera.basis();
  const focal = camera.focalPx(height);
  const { position } = camera;
  /** Of the plane through the edge of the view that is `halfPx` along `side` from its middle. */
  const normal = (side: Vec3, halfPx: number): Vec3 => {
    const tangent = (Math.abs(halfPx) + marginPx) / focal;
    return scale(add(scale(forward, tangent), scale(side, -Math.sign(halfPx))), 1 / Math.hypot(1, tangent));
  };
  const [x, y] = [width / 2, height / 2];
  const planes = Float64Array.from(
    [forward, normal(right, x), normal(right, -x), normal(up, y), normal(up, -y)].flat(),
  );
  const inside = (at: number, { centre, radius }: Ball): boolean =>
    planes[at] * (centre[0] - position[0]) +
      planes[at + 1] * (centre[1] - position[1]) +
      planes[at + 2] * (centre[2] - position[2]) >=
    -radius;
  const inView = (one: Ball, two?: Ball): boolean => {
    for (let at = 0; at < 15; at += 3) if (!inside(at, one) && !(two && inside(at, two))) return false;
    return true;
  };
  return Object.assign(inView, { position, planes });
}
