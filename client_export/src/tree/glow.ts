/** The glow map as it is drawn. */
import type { GlowMap } from "../glow_pass.ts";

const QUARTER = Math.PI / 4;

/**
 * The map of the light of texels [6, n, n], steradians at exposure 1, in the colour `rgb`: its brightness, with a texel
 * more around each face that lies on the next one, so that no edge of the cube is seen.
 */
export function glowMapOf(light: Float32Array, n: number, rgb: ArrayLike<number>): GlowMap {
  const side = n + 2;
  const values = new Float32Array(3 * 6 * side * side);
  for (let face = 0; face < 6; face++) {
    for (let i = 0; i < side; i++) {
      for (let j = 0; j < side; j++) {
        const from = texelOf(face, i - 1, j - 1, n);
        const brightness = light[from] / solidAngle(from, n);
        for (let k = 0; k < 3; k++) values[3 * ((face * side + i) * side + j) + k] = brightness * rgb[k];
      }
    }
  }
  return { n, values };
}

const tangent = (i: number, n: number): number => Math.tan(((2 * (i + 0.5)) / n - 1) * QUARTER);

/** Which texel lies at place i, j of a face, which may be just beyond its edge. */
function texelOf(face: number, i: number, j: number, n: number): number {
  const inside = (k: number) => Math.max(0, Math.min(n - 1, k));
  if (i === inside(i) && j === inside(j)) return (face * n + i) * n + j;
  const axis = face >> 1;
  const d = [0, 0, 0];
  d[axis] = face & 1 ? 1 : -1;
  d[(axis + 1) % 3] = tangent(i, n);
  d[(axis + 2) % 3] = tangent(j, n);
  const size = d.map(Math.abs);
  const to = size.indexOf(Math.max(...size));
  const [a, b] = [1, 2].map((step) => {
    const u = d[(to + step) % 3] / size[to];
    return inside(Math.floor(((Math.atan(u) / QUARTER + 1) / 2) * n));
  });
  return ((2 * to + (d[to] > 0 ? 1 : 0)) * n + a) * n + b;
}

/** Steradians of a texel. */
function solidAngle(texel: number, n: number): number {
  const area = (u: number, v: number) => Math.atan2(u * v, Math.sqrt(u * u + v * v + 1));
  const [i, j] = [Math.floor(texel / n) % n, texel % n];
  const [u0, u1, v0, v1] = [i - 0.5, i + 0.5, j - 0.5, j + 0.5].map((k) => tangent(k, n));
  return area(u1, v1) - area(u0, v1) - area(u1, v0) + area(u0, v0);
}
