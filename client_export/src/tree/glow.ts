/** The glow map as it is drawn. */
import type { GlowMap } from "../glow_pass.ts";

const QUARTER = Math.PI / 4;

/**
 * The map of the light of texels [6, n, n], steradians at exposure 1, in the colour `rgb`: its brightness, with a texel
 * more around each face that lies on the next one, so that no edge of the cube is seen.
 */
export function glowMapOf(light: Float32Array, n: number, rgb: ArrayLike<number>): GlowMap {
  const side = n + 2;
  const steradians = solidAngles(n);
  const values = new Float32Array(3 * 6 * side * side);
  for (let face = 0; face < 6; face++) {
    for (let i = 0; i < side; i++) {
      for (let j = 0; j < side; j++) {
        const from = texelOf(face, i - 1, j - 1, n);
        const brightness = light[from] / steradians[from % (n * n)];
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

/** [n, n] steradians of the texels of a face. */
function solidAngles(n: number): Float64Array {
  const edges = Array.from({ length: n + 1 }, (_, i) => tangent(i - 0.5, n));
  // Of the part of the face from its middle to each corner of texels.
  const corners = edges.map((u) => edges.map((v) => Math.atan2(u * v, Math.sqrt(u * u + v * v + 1))));
  return Float64Array.from({ length: n * n }, (_, texel) => {
    const [low, high] = [corners[Math.floor(texel / n)], corners[Math.floor(texel / n) + 1]];
    const j = texel % n;
    return high[j + 1] - low[j + 1] - high[j] + low[j];
  });
}
