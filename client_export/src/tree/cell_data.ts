/** The cells of a tile as they are drawn and as they are judged: pure, for a worker. */
import type { Ball } from "../ball.ts";
import { type Cell, covarianceOf, unitOf } from "../cell.ts";
import { type CellId } from "../v2/cell_id.ts";
import { checkCrc } from "../v2/crc32.ts";
import { omegaOf } from "../v2/quantities.ts";
import { type CellContent, type Proxies, decodeTile } from "../v2/tile.ts";
import type { Vec3 } from "../vec.ts";

/** In place of the number of a child: the splat is the cell's own. */
const OWN = 8;
/** To this depth positions are relative to the Sun: float32 of the box of such a cell would misplace its nearest stars. */
const DEEPEST_FROM_SUN = 3;
/** Splats are drawn to about this many standard deviations. */
const REACH = 3.5;
/** Size over distance from the Sun of a proxy that is a point: the smallest that a pack has. */
const POINT_SIZE = 2 ** -17;

/** The proxies that stand for a cell. */
export interface Standing {
  count: number;
  /** [count, 3] metres. */
  place: Float64Array;
  /** [count] light times distance squared, steradians at exposure 1 times m^2. */
  luminosity: Float64Array;
  /** [count] standard deviations, metres. */
  sigma: Float64Array;
  /** The sum of luminosities. */
  total: number;
  /** The light of the brightest, seen from the Sun, steradians at exposure 1. */
  brightest: number;
  /** Around the mean place, weighted by luminosity. */
  ball: Ball;
}

/** What a tile says of a cell. */
export interface CellData {
  stars: Cell;
  /** What is no point: the proxies it holds, and splats with shape of its own. */
  soft: Cell;
  /** [8] by child. */
  standing: (Standing | null)[];
}

/** What is to be decoded. `palette` [128, 3]: the head's colours. `what` names the tile in errors. */
export interface TileJob {
  bytes: Uint8Array;
  crc: number;
  cells: readonly CellId[];
  palette: Float32Array;
  what: string;
}

/** @throws SiteError where the bytes are not those of a tile of `cells`. */
export function decodeCells({ bytes, crc, cells, palette, what }: TileJob): CellData[] {
  checkCrc(bytes, crc, what);
  return decodeTile(bytes, cells, what).map((content) => {
    const standing = standingOf(content.proxies);
    return { stars: starsOf(content, palette), soft: softOf(content, palette), standing };
  });
}

const squared = (place: Float64Array, i: number): number =>
  place[3 * i] ** 2 + place[3 * i + 1] ** 2 + place[3 * i + 2] ** 2;

/** An empty cell for splats at `place` [count, 3], metres, that reach `reach` metres around it. */
function frameOf(depth: number, place: Float64Array, reach: (i: number) => number): Cell {
  const count = place.length / 3;
  const [low, high] = [Array(3).fill(Infinity), Array(3).fill(-Infinity)];
  let octaves = 0;
  for (let i = 0; i < place.length; i++) {
    low[i % 3] = Math.min(low[i % 3], place[i]);
    high[i % 3] = Math.max(high[i % 3], place[i]);
  }
  for (let i = 0; i < count; i++) octaves += Math.log2(squared(place, i)) / 2;
  const centre = low.map((value, axis) => (count ? (value + high[axis]) / 2 : 0)) as unknown as Vec3;
  let [radius, farthest] = [1, 0];
  for (let i = 0; i < count; i++) {
    const [x, y, z] = [0, 1, 2].map((axis) => place[3 * i + axis] - centre[axis]);
    radius = Math.max(radius, Math.sqrt(x * x + y * y + z * z) + reach(i));
    farthest = Math.max(farthest, Math.abs(x), Math.abs(y), Math.abs(z));
  }
  const fromSun = depth <= DEEPEST_FROM_SUN;
  const origin: Vec3 = fromSun ? [0, 0, 0] : centre;
  const unitM = fromSun ? 2 ** Math.round(octaves / Math.max(count, 1)) : unitOf(farthest);
  const means = Float32Array.from(place, (value, i) => (value - origin[i % 3]) / unitM);
  const [covDiagonal, covOff, light] = [0, 0, 0].map(() => new Float32Array(3 * count));
  return { origin, unitM, fromSun, ball: { centre, radius }, count, means, covDiagonal, covOff, light };
}

/** Fills in splat `i`: isotropic, of variance `variance` m^2, with `tau` times the colour `color` of `colors`. */
function fill(cell: Cell, i: number, variance: number, tau: number, colors: Float32Array, color: number): void {
  for (let k = 0; k < 3; k++) {
    cell.covDiagonal[3 * i + k] = variance / cell.unitM ** 2;
    cell.light[3 * i + k] = tau * colors[3 * color + k];
  }
}

/** By the law of light a splat gives 2 pi tau sigma^2: a star is one of tau 1. */
function starsOf({ cell: { depth }, stars }: CellContent, palette: Float32Array): Cell {
  const cell = frameOf(depth, stars.place, () => 0);
  for (let i = 0; i < stars.count; i++) {
    const luminosity = omegaOf(stars.mag[i]) * squared(stars.place, i);
    fill(cell, i, luminosity / (2 * Math.PI), 1, palette, stars.color[i]);
  }
  return cell;
}

function softOf({ cell: { depth }, proxies, shaped }: CellContent, palette: Float32Array): Cell {
  const place = new Float64Array(proxies.place.length + shaped.place.length);
  place.set(proxies.place);
  place.set(shaped.place, proxies.place.length);
  const n = proxies.count;
  const cell = frameOf(depth, place, (i) => {
    const at = 3 * (i - n);
    return REACH * (i < n ? proxies.sigma[i] : Math.max(...shaped.scale.subarray(at, at + 3)));
  });
  cell.children = new Uint8Array(n + shaped.count).fill(OWN);
  cell.children.set(proxies.child);
  for (let i = 0; i < n; i++) {
    const r2 = squared(place, i);
    const variance = (proxies.sigma[i] || POINT_SIZE * Math.sqrt(r2)) ** 2;
    fill(cell, i, variance, (omegaOf(proxies.mag[i]) * r2) / (2 * Math.PI * variance), palette, proxies.color[i]);
  }
  for (let i = 0; i < shaped.count; i++) {
    const [x, y, z] = shaped.scale.subarray(3 * i, 3 * i + 3);
    const [qw, qx, qy, qz] = shaped.quat.subarray(4 * i, 4 * i + 4);
    const scales: Vec3 = [x / cell.unitM, y / cell.unitM, z / cell.unitM];
    const cov = covarianceOf(scales, [qx, qy, qz, qw]);
    cell.covDiagonal.set(cov.slice(0, 3), 3 * (n + i));
    cell.covOff.set(cov.slice(3), 3 * (n + i));
    // Seen from the Sun its light is that of its magnitude; sqrt(det of the seen covariance) is about the mean variance.
    const tau = (omegaOf(shaped.mag[i]) * squared(shaped.place, i) * 3) / (2 * Math.PI * (x * x + y * y + z * z));
    for (let k = 0; k < 3; k++) cell.light[3 * (n + i) + k] = tau * shaped.rgb[3 * i + k];
  }
  return cell;
}

function standingOf(proxies: Proxies): (Standing | null)[] {
  const of: number[][] = Array.from({ length: 8 }, () => []);
  for (let i = 0; i < proxies.count; i++) of[proxies.child[i]].push(i);
  return of.map((rows): Standing | null => {
    if (rows.length === 0) return null;
    const place = Float64Array.from(
      { length: 3 * rows.length },
      (_, i) => proxies.place[3 * rows[Math.floor(i / 3)] + (i % 3)],
    );
    const sigma = Float64Array.from(rows, (row) => proxies.sigma[row]);
    const luminosity = Float64Array.from(rows, (row) => omegaOf(proxies.mag[row]) * squared(proxies.place, row));
    const total = luminosity.reduce((sum, value) => sum + value, 0);
    const centre: [number, number, number] = [0, 0, 0];
    place.forEach((value, i) => (centre[i % 3] += (value * luminosity[Math.floor(i / 3)]) / total));
    let radius = 0;
    rows.forEach((_, i) => {
      const away = Math.hypot(...centre.map((value, axis) => place[3 * i + axis] - value));
      radius = Math.max(radius, away + REACH * sigma[i]);
    });
    const brightest = Math.max(...rows.map((row) => omegaOf(proxies.mag[row])));
    return { count: rows.length, place, luminosity, sigma, total, brightest, ball: { centre, radius } };
  });
}
