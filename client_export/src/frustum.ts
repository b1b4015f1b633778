/** Whether a ball, or what lies between two, is in view, or near it. */
import type { Ball } from "./ball.ts";
import type { Camera } from "./camera.ts";
import { type Vec3, add, scale } from "./vec.ts";

/**
 * A function that says whether any of some balls, or of what they enclose together, may be within a view of `width` x `height`
 * CSS px and `marginPx` around.
 */
export function frustumOf(
  camera: Camera,
  width: number,
  height: number,
  marginPx: number,
): (...balls: readonly Ball[]) => boolean {
  const { right, up, forward } = camera.basis();
  const focal = camera.focalPx(height);
  const { position } = camera;
  /** Inwards, of the plane through the camera and the edge of the view that is `halfPx` along `side` from its middle. */
  const normal = (side: Vec3, halfPx: number): Vec3 => {
    const tangent = (Math.abs(halfPx) + marginPx) / focal;
    return scale(add(scale(forward, tangent), scale(side, -Math.sign(halfPx))), 1 / Math.hypot(1, tangent));
  };
  const [x, y] = [width / 2, height / 2];
  const planes = [forward, normal(right, x), normal(right, -x), normal(up, y), normal(up, -y)];
  return (...balls) => {
    for (const [a, b, c] of planes) {
      let inside = false;
      for (const { centre, radius } of balls) {
        const [x, y, z] = centre;
        inside ||= a * (x - position[0]) + b * (y - position[1]) + c * (z - position[2]) >= -radius;
      }
      if (!inside) return false;
    }
    return true;
  };
}
