/** Whether a ball is in view, or near it. */
import type { Ball } from "./ball.ts";
import type { Camera } from "./camera.ts";
import { type Vec3, dot, length, sub } from "./vec.ts";

/** A function that says whether any of a ball may be within a view of `width` x `height` CSS px and `marginPx` around. */
export function frustumOf(camera: Camera, width: number, height: number, marginPx: number): (ball: Ball) => boolean {
  const { right, up, forward } = camera.basis();
  const focal = camera.focalPx(height);
  const { position } = camera;
  const beyond = (along: number, depth: number, tangent: number) =>
    (Math.abs(along) - depth * tangent) / Math.hypot(1, tangent);
  const [tanX, tanY] = [(width / 2 + marginPx) / focal, (height / 2 + marginPx) / focal];
  return ({ centre, radius }) => {
    const to: Vec3 = sub(centre, position);
    if (length(to) <= radius) return true;
    const depth = dot(to, forward);
    return depth > -radius && beyond(dot(to, right), depth, tanX) < radius && beyond(dot(to, up), depth, tanY) < radius;
  };
}
