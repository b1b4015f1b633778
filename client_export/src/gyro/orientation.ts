/** Where a phone points, from the angles that a browser tells. */
import { smoothstep } from "../numbers.ts";

const DEGREE = Math.PI / 180;
/** Steeper than this, as the sine of the height, the way it points has little of a heading: the screen's right side tells that. */
const STEEP = [Math.sin(65 * DEGREE), Math.sin(80 * DEGREE)] as const;

/** A direction, radians: clockwise as seen from above, from where the angle alpha is 0, and above the horizon. */
export interface Pointing {
  heading: number;
  height: number;
}

/**
 * Where the back of a phone points whose screen one looks at. `alpha`, `beta` and `gamma` are degrees as the W3C's Device Orientation
 * has them: turns about z, the new x and the new y, in this order, of axes that begin as east, north and up, with x to the right and y
 * to the top of the screen in its natural position. `screenAngle` is the angle of the Screen Orientation, degrees.
 */
export function pointingOf(alpha: number, beta: number, gamma: number, screenAngle: number): Pointing {
  const [sa, sb, sg] = [alpha, beta, gamma].map((angle) => Math.sin(angle * DEGREE));
  const [ca, cb, cg] = [alpha, beta, gamma].map((angle) => Math.cos(angle * DEGREE));
  // East and north of the phone's own x and y, and all of its -z.
  const x = [ca * cg - sa * sb * sg, sa * cg + ca * sb * sg];
  const y = [-sa * cb, ca * cb];
  const ahead = [-(ca * sg + sa * sb * cg), -(sa * sg - ca * sb * cg), -cb * cg];
  const [sin, cos] = [Math.sin(screenAngle * DEGREE), Math.cos(screenAngle * DEGREE)];
  const right = [x[0] * cos - y[0] * sin, x[1] * cos - y[1] * sin];
  const steep = smoothstep(STEEP[0], STEEP[1], Math.abs(ahead[2]));
  const level = (of: readonly number[], share: number) => {
    const size = Math.hypot(of[0], of[1]);
    return size > 0 ? [(of[0] / size) * share, (of[1] / size) * share] : [0, 0];
  };
  // A quarter turn to the left of the right side is ahead.
  const [one, other] = [level(ahead, 1 - steep), level([-right[1], right[0]], steep)];
  return {
    heading: Math.atan2(one[0] + other[0], one[1] + other[1]),
    height: Math.asin(Math.max(-1, Math.min(1, ahead[2]))),
  };
}
