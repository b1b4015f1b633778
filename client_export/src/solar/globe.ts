/**
 * A lit globe as a picture: the light of each direction from its middle, so soft at its edge as the filter of the pixels makes it,
 * and the sum of it, by which a globe of any size gives the light of its magnitude.
 */

/** A logistic edge of it has the standard deviation of the pixels' filter, sqrt(0.5) px. */
export const SOFT_PX = 0.39;
/** Where the edge has fallen by a factor of a million. */
export const REACH_PX = 14 * SOFT_PX;
/** Radii, px, between which a point becomes a globe. */
export const FROM_PX = [0.5, 1.5] as const;
const STEPS = 96;
const AROUND = 96;

/**
 * The sum, px^2, over a picture of a Lambert globe of `radius` px at a phase angle, radians, 1 where the Sun stands over it: that
 * of the shader, of a globe that is far away.
 */
export function globeSum(radius: number, phase: number): number {
  const [sx, sz] = [Math.sin(phase), Math.cos(phase)];
  const end = radius + REACH_PX;
  let sum = 0;
  for (let i = 0; i < STEPS; i++) {
    // Denser towards the edge.
    const t = (i + 0.5) / STEPS;
    const r = end * (2 * t - t * t);
    const width = (end * (2 - 2 * t)) / STEPS;
    const q = r / radius;
    const edge = 1 / (1 + Math.exp(((q - 1) * radius) / SOFT_PX));
    const z = Math.sqrt(Math.max(1 - (q * q * radius * radius) / (radius * radius + 2), 0));
    const norm = Math.hypot(q, z);
    let around = 0;
    for (let k = 0; k < AROUND; k++) {
      const x = q * Math.cos((2 * Math.PI * (k + 0.5)) / AROUND);
      around += Math.max((x * sx + z * sz) / norm, 0);
    }
    sum += edge * (around / AROUND) * 2 * Math.PI * r * width;
  }
  return sum;
}
