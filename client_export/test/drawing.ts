/** What the star pass and the glow pass draw, in float64 and in blocks of pixels, and what the stars of a pack would give. */
import assert from "node:assert/strict";
import type { Camera } from "../src/camera.ts";
import { Folder } from "../src/http.ts";
import { Decoder } from "../src/tree/decoder.ts";
import type { GlowMap } from "../src/glow_pass.ts";
import { Fetcher } from "../src/tree/fetcher.ts";
import { TreeNode, grow } from "../src/tree/node.ts";
import { openTree } from "../src/tree/pack.ts";
import { decodeCells } from "../src/tree/cell_data.ts";
import { OWN, type SplatStore } from "../src/splat_store.ts";
import { type Vec3, add, scale, unit } from "../src/vec.ts";

/** Views are squares of 32 x 32 blocks of 32 x 32 px. */
export const SIDE = 32;
export const SIZE = 32 * SIDE;
/** The variance of the pixels' filter, px^2. */
const EPSILON = 0.5;
/** Beyond 84 degrees off the axis nothing is drawn that is no wide splat. */
const MIN_DEPTH = 0.1;
/** From this standard deviation on a splat is no longer drawn flat; narrower ones look the same either way. */
const WIDE_PX = 32;

/** Splats: [N, 3] metres, [N] steradians at exposure 1 times m^2, [N] metres. */
export interface Lights {
  count: number;
  place: Float64Array;
  luminosity: Float64Array;
  sigma: Float64Array;
}

/** What is shown of a store, by weight. */
export function shownOf({ cells, means, covDiagonal, light }: SplatStore): Lights {
  const most = [...cells].reduce((sum, { weight, count }) => sum + (weight > 0 ? count : 0), 0);
  const [place, luminosity, sigma] = [3, 1, 1].map((width) => new Float64Array(width * most));
  let to = 0;
  for (const { start, count, origin, unitM, points, weight, childWeights } of cells) {
    if (weight === 0) continue;
    for (let at = start; at < start + count; at++) {
      const child = means[4 * at + 3];
      const shown = childWeights && child < OWN ? childWeights[child] : weight;
      if (shown === 0) continue;
      for (let axis = 0; axis < 3; axis++) place[3 * to + axis] = origin[axis] + unitM * means[4 * at + axis];
      const variance = ((covDiagonal[3 * at] + covDiagonal[3 * at + 1] + covDiagonal[3 * at + 2]) / 3) * unitM ** 2;
      const luminance = 0.2126 * light[3 * at] + 0.7152 * light[3 * at + 1] + 0.0722 * light[3 * at + 2];
      luminosity[to] = 2 * Math.PI * shown * luminance * variance;
      sigma[to++] = points ? 0 : Math.sqrt(variance);
    }
  }
  return { count: to, place, luminosity, sigma };
}

/** All stars of the pack that `fetcher` serves, as they are decoded. */
export async function starsOf(fetcher: typeof fetch): Promise<Lights> {
  const folder = new Folder("", fetcher);
  const { head, sky } = await openTree(folder);
  const parts: Float64Array[] = [];
  const take = (cells: ReturnType<typeof decodeCells>): void => {
    for (const { stars } of cells) {
      const part = new Float64Array(4 * stars.count);
      for (let i = 0; i < stars.count; i++) {
        for (let axis = 0; axis < 3; axis++) {
          part[4 * i + axis] = stars.origin[axis] + stars.unitM * stars.means[3 * i + axis];
        }
        const [red, green, blue] = stars.light.subarray(3 * i, 3 * i + 3);
        const tau = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        part[4 * i + 3] = 2 * Math.PI * tau * stars.covDiagonal[3 * i] * stars.unitM ** 2;
      }
      parts.push(part);
    }
  };
  if (sky) take([sky]);
  const root = new TreeNode(head.root, null);
  grow(root, head.page, 0, 0);
  const unread = (): TreeNode[] => {
    const found = [root];
    for (const node of found) found.push(...node.children);
    return found.filter(({ spot, tile }) => spot && tile === "unread");
  };
  const onError = (message: string) => assert.fail(message);
  const decoder = new Decoder(() => null, decodeCells);
  await new Fetcher(folder, head.palette, decoder, { next: unread, onTile: (_, cells) => take(cells), onError }).run();
  const count = parts.reduce((sum, part) => sum + part.length / 4, 0);
  const stars = {
    count,
    place: new Float64Array(3 * count),
    luminosity: new Float64Array(count),
    sigma: new Float64Array(count),
  };
  let to = 0;
  for (const part of parts) {
    for (let i = 0; i < part.length; i += 4, to++) {
      stars.place.set(part.subarray(i, i + 3), 3 * to);
      stars.luminosity[to] = part[i + 3];
    }
  }
  return stars;
}

/** The light of `lights` all around a place, steradians at exposure 1, by the law of the shader. */
export function lightAround({ count, place, luminosity, sigma }: Lights, camera: Vec3): number {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const [x, y, z] = [place[3 * i] - camera[0], place[3 * i + 1] - camera[1], place[3 * i + 2] - camera[2]];
    sum += luminosity[i] / Math.max(x * x + y * y + z * z, sigma[i] ** 2);
  }
  return sum;
}

/** Abramowitz and Stegun 7.1.26, to 1.5e-7. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const poly = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - poly * Math.exp(-x * x));
}

/** sigma^2 times the mean of 1 / r^2 in a Gaussian t sigma away: int_0^1 exp(t^2 (v^2 - 1) / 2) dv, by Simpson's rule. */
function meanInverseSquare(t: number): number {
  const n = 200;
  const width = Math.min(1, 40 / (t * t)); // of v near 1, beyond which there is nothing
  let sum = 0;
  for (let i = 0; i <= n; i++) {
    const v = 1 - (width * i) / n;
    sum += (i === 0 || i === n ? 1 : i % 2 ? 4 : 2) * Math.exp((t * t * (v * v - 1)) / 2);
  }
  return (sum * width) / (3 * n);
}

/** Unit vectors to the middles of the blocks, [1024, 3]. */
function raysOf(camera: Camera): Float64Array {
  const { right, up, forward } = camera.basis();
  const focal = camera.focalPx(SIZE);
  const rays = new Float64Array(3 * SIDE * SIDE);
  for (let at = 0; at < SIDE * SIDE; at++) {
    const [x, y] = [(at % SIDE) + 0.5, Math.floor(at / SIDE) + 0.5].map((block) => 32 * block - SIZE / 2);
    rays.set(unit(add(scale(forward, focal), add(scale(right, x), scale(up, y)))), 3 * at);
  }
  return rays;
}

/** Light in the blocks of a view, [32, 32] rows from below, steradians at exposure 1. */
export function blocksOf({ count, place, luminosity, sigma }: Lights, camera: Camera): Float64Array {
  const blocks = new Float64Array(SIDE * SIDE);
  const { right, up, forward } = camera.basis();
  const focal = camera.focalPx(SIZE);
  const [cx, cy, cz] = camera.position;
  const rays = raysOf(camera);
  const shares = [new Float64Array(SIDE), new Float64Array(SIDE)];
  const [low, high] = [Int32Array.of(0, 0), Int32Array.of(0, 0)];

  /** A Gaussian as it is seen along the ray to the middle of each block, with the light that the law gives it. */
  function addWide(x: number, y: number, z: number, light: number, size: number): void {
    const t2 = (x * x + y * y + z * z) / size ** 2;
    const share = 1 / Math.max(t2, 1) / meanInverseSquare(Math.sqrt(t2)) / (2 * Math.PI);
    const peak = (light / size ** 2) * share * (32 / focal) ** 2;
    for (let at = 0; at < SIDE * SIDE; at++) {
      const before = (x * rays[3 * at] + y * rays[3 * at + 1] + z * rays[3 * at + 2]) / size;
      const q = t2 - before * before;
      if (q < 25) blocks[at] += peak * Math.exp(-q / 2) * 0.5 * (1 + erf(before / Math.SQRT2));
    }
  }

  /** The shares of a Gaussian that fall into rows or columns of blocks. */
  function share(axis: number, x: number, s: number): void {
    low[axis] = Math.max(0, Math.floor((x - 5 * s) / 32));
    high[axis] = Math.min(SIDE - 1, Math.floor((x + 5 * s) / 32));
    if (low[axis] > high[axis]) return;
    let before = erf((low[axis] * 32 - x) / (Math.SQRT2 * s));
    for (let b = low[axis]; b <= high[axis]; b++) {
      const after = erf(((b + 1) * 32 - x) / (Math.SQRT2 * s));
      shares[axis][b] = (after - before) / 2;
      before = after;
    }
  }

  for (let i = 0; i < count; i++) {
    const [x, y, z] = [place[3 * i] - cx, place[3 * i + 1] - cy, place[3 * i + 2] - cz];
    const distance = Math.sqrt(x * x + y * y + z * z);
    if (sigma[i] * focal > WIDE_PX * distance) {
      addWide(x, y, z, luminosity[i], sigma[i]);
      continue;
    }
    const depth = forward[0] * x + forward[1] * y + forward[2] * z;
    if (!(depth > MIN_DEPTH * distance)) continue;
    const across = (right[0] * x + right[1] * y + right[2] * z) / depth;
    const above = (up[0] * x + up[1] * y + up[2] * z) / depth;
    const size2 = ((sigma[i] / depth) * focal) ** 2;
    share(0, focal * across + SIZE / 2, Math.sqrt(size2 * (1 + across * across) + EPSILON));
    if (low[0] > high[0]) continue;
    share(1, focal * above + SIZE / 2, Math.sqrt(size2 * (1 + above * above) + EPSILON));
    // sqrt(det S), over the focal length squared.
    const light = (luminosity[i] * distance) / depth ** 3;
    for (let row = low[1]; row <= high[1]; row++) {
      for (let column = low[0]; column <= high[0]; column++) {
        blocks[row * SIDE + column] += light * shares[0][column] * shares[1][row];
      }
    }
  }
  return blocks;
}

/** The glow map's light in the blocks of a view, as `blocksOf`. */
export function glowBlocks({ n, values }: GlowMap, camera: Camera): Float64Array {
  const blocks = new Float64Array(SIDE * SIDE);
  const { right, up, forward } = camera.basis();
  const focal = camera.focalPx(SIZE);
  const side = n + 2;
  const step = 8;
  for (let y = step / 2; y < SIZE; y += step) {
    for (let x = step / 2; x < SIZE; x += step) {
      const [a, b] = [x - SIZE / 2, y - SIZE / 2];
      const d = [0, 1, 2].map((k) => focal * forward[k] + a * right[k] + b * up[k]);
      const sizes = d.map(Math.abs);
      const axis = sizes.indexOf(Math.max(...sizes));
      const at = [1, 2].map((k) =>
        Math.floor(((Math.atan(d[(axis + k) % 3] / sizes[axis]) * 4) / Math.PI + 1) * 0.5 * n),
      );
      const texel = ((2 * axis + (d[axis] > 0 ? 1 : 0)) * side + at[0] + 1) * side + at[1] + 1;
      const luminance = 0.2126 * values[3 * texel] + 0.7152 * values[3 * texel + 1] + 0.0722 * values[3 * texel + 2];
      blocks[Math.floor(y / 32) * SIDE + Math.floor(x / 32)] += luminance * (step / focal) ** 2;
    }
  }
  return blocks;
}
