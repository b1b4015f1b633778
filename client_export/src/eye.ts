/**
 * Exposure by itself: how bright the picture should be for what is in view, and how an eye comes to it.
 *
 * The light in view is added up from the splats that are shown, and not read back from the GPU: that stalls a frame or
 * comes one late, sees no more than half floats hold, and cannot be had before the first frame, which is to be right. Of
 * many splats a sample is enough, the brightest of each cell and every so many of the others. It tells
 *
 * - how bright the stars are, of which so many should be seen: as many as the naked eye sees in a dark place, or, where
 *   there are fewer, nearly all;
 * - how much light there is in each block of the picture: crowds and wide splats must not burn out, except in a few
 *   blocks; beside a star that is near the eye sees less.
 *
 * `helios/pictures/eye.py` has the same numbers and steps.
 */
import { EV_RANGE, stopsOf } from "./exposure.ts";
import { frustumOf } from "./frustum.ts";
import { clamp } from "./numbers.ts";
import type { View } from "./source.ts";
import { OWN, type SplatStore, type StoredCell } from "./splat_store.ts";
import type { Shown } from "./stage.ts";
import { EPSILON } from "./star_pass.ts";
import { sunLight, sunNow } from "./sun.ts";
import { OMEGA_0 } from "./v2/quantities.ts";
import { type Vec3, dot, sub } from "./vec.ts";

/** One star is seen on so many CSS px^2: 3,000 above the horizon, in a view of 60 degrees of 800 lines. */
const PX2_PER_STAR = 1400;
/** Where there are fewer stars, this share of them. */
const SHARE_OF_FEW = 0.9;
/** Light at the middle of the faintest star that is seen, full brightness being 1: a level of about 40 of 255. */
const FAINTEST = 0.03;
/** Where there are so few the brightest is to have at least this. */
const BRIGHTEST = 1;
/** The picture is judged by blocks of so many CSS px, whose mean light may be at most `FULL`, except in the few brightest. */
const BLOCK_PX = 32;
const FULL = 0.5;
const FEW_BLOCKS = 3;
/** Where one block has k times too much light all is darker by k to this power. */
const GLARE_POWER = 0.15;
/** Up to this standard deviation, CSS px, a splat counts as a star. */
const STAR_PX = 3;
/** All of the first splats of a cell, which are its brightest, are looked at, and of the rest a sample of so many in all. */
const FIRST = 64;
const SAMPLE = 20_000;
/** Bins of a twentieth of a magnitude, from magnitude -60 on. */
const BINS = { first: -60, perMag: 20, count: 2600 };
/** How often a view that changes is measured, ms. */
const EVERY_MS = 250;
/** Times in which the eye comes closer by a factor e, ms: to more light and to less. */
const BRIGHTER_MS = 400;
const DARKER_MS = 1500;
/** Stops at which it has come there. */
const THERE = 0.02;
const LONGEST_STEP_MS = 100;

/** The magnitude of the faintest star that is seen at `exposure` in a view of focal length `focalPx`, CSS px. */
export function limitOf(exposure: number, focalPx: number): number {
  return -2.5 * Math.log10((FAINTEST * 2 * Math.PI * EPSILON) / (exposure * focalPx ** 2 * OMEGA_0));
}

export class Eye {
  /** The most exposure that bodies in a view allow. */
  limit: ((view: View) => number) | null = null;
  private goal: number | null = null;
  private measured = -Infinity;
  private rested = false;
  /** Where the camera was when it was measured. */
  private from: Vec3 | null = null;
  private last = 0;
  private readonly stars = new Float64Array(BINS.count);
  private blocks = new Float64Array(0);

  constructor(private readonly sky: Shown) {}

  /** The stops that `view` asks for; those it had before where nothing is in view. */
  look(view: View): number {
    const ev = this.measure(view);
    if (ev !== null) this.goal = ev;
    return this.goal ?? 0;
  }

  /**
   * The stops after `ev` on the way to those that `view` asks for, at `now`, milliseconds; `ev` once they are reached. The
   * first look, and every one with `jump`, is there at once. `atRest`: nothing moves.
   */
  follow(ev: number, view: View, now: number, atRest: boolean, jump: boolean): number {
    const first = this.goal === null;
    const jumped = view.camera.position !== this.from;
    if (now - this.measured > EVERY_MS || (atRest && (jumped || !this.rested))) {
      this.from = view.camera.position;
      this.look(view);
      this.measured = now;
      this.rested = atRest;
    }
    const elapsed = Math.min(now - this.last, LONGEST_STEP_MS);
    this.last = now;
    const goal = this.goal ?? ev;
    const left = goal - ev;
    if (first || jump || Math.abs(left) < THERE) return goal;
    return goal - left * Math.exp(-elapsed / (left > 0 ? DARKER_MS : BRIGHTER_MS));
  }

  /** The stops that a view asks for; null where nothing is in it. */
  private measure(view: View): number | null {
    const { camera, width, height } = view;
    const focal = camera.focalPx(height);
    const count = this.gather({ camera, width, height }, focal);
    // Light of a star's middle at exposure 1, for each steradian.
    const peak = focal ** 2 / (2 * Math.PI * EPSILON);
    let exposure = Infinity;
    if (count > 0) {
      const wanted = (width * height) / PX2_PER_STAR;
      const few = SHARE_OF_FEW * count;
      exposure = FAINTEST / (peak * this.lightOf(Math.min(wanted, few)));
      if (few < wanted) exposure = Math.max(exposure, BRIGHTEST / (peak * this.lightOf(0)));
    }
    const blocks = this.blocks.sort();
    const [most, few] = [0, FEW_BLOCKS].map((rank) => blocks[blocks.length - 1 - rank] ?? 0);
    if (count === 0 && few === 0) exposure = FULL / most;
    exposure = Math.min(exposure, FULL / few, this.limit?.(view) ?? Infinity);
    if (exposure === Infinity) return null;
    return clamp(stopsOf(exposure * Math.max(1, (exposure * most) / FULL) ** -GLARE_POWER), EV_RANGE);
  }

  /** Light, steradians at exposure 1, of the star of this rank, 0 being the brightest. */
  private lightOf(rank: number): number {
    let bin = 0;
    for (let above = 0; bin < BINS.count; bin++) if ((above += this.stars[bin]) > rank) break;
    return OMEGA_0 * 10 ** (-0.4 * (BINS.first + bin / BINS.perMag));
  }

  /** Fills in stars by magnitude, and the mean light of each block at exposure 1; gives how many stars there are. */
  private gather({ camera, width, height }: View, focal: number): number {
    const { store, glow, glowWeight } = this.sky;
    const [across, down] = [Math.ceil(width / BLOCK_PX), Math.ceil(height / BLOCK_PX)];
    this.blocks = new Float64Array(across * down);
    this.stars.fill(0);
    const { blocks, stars } = this;
    const { right, up, forward } = camera.basis();
    let count = 0;
    /** Notes `many` splats `to` the camera, of a light and standard deviation, px. */
    const note = (x: number, y: number, z: number, light: number, sigma: number, many: number): void => {
      const depth = forward[0] * x + forward[1] * y + forward[2] * z;
      if (!(depth > 0 && light > 0)) return;
      const px = width / 2 + (focal * (right[0] * x + right[1] * y + right[2] * z)) / depth;
      const py = height / 2 - (focal * (up[0] * x + up[1] * y + up[2] * z)) / depth;
      const half = sigma > STAR_PX ? 1.5 * sigma : 0;
      if (!(px + half >= 0 && px - half < width && py + half >= 0 && py - half < height)) return;
      if (half === 0) {
        const magnitude = -2.5 * Math.log10(light / OMEGA_0);
        stars[clamp(Math.floor((magnitude - BINS.first) * BINS.perMag), [0, BINS.count - 1])] += many;
        count += many;
      }
      const [x0, x1] = [px - half, px + half].map((at) => clamp(Math.floor(at / BLOCK_PX), [0, across - 1]));
      const [y0, y1] = [py - half, py + half].map((at) => clamp(Math.floor(at / BLOCK_PX), [0, down - 1]));
      const mean = (many * light * focal ** 2) / Math.max(BLOCK_PX, 2 * half) ** 2;
      for (let row = y0; row <= y1; row++) for (let at = x0; at <= x1; at++) blocks[row * across + at] += mean;
    };
    const inView = frustumOf(camera, width, height, 0);
    const shown = [...store.cells].filter(({ weight, ball }) => weight > 0 && inView(ball));
    const rest = shown.reduce((sum, cell) => sum + Math.max(cell.count - FIRST, 0), 0);
    const step = Math.max(1, Math.ceil(rest / SAMPLE));
    for (const cell of shown) addCell(store, cell, camera.position, focal, step, note);
    const sun = sunLight(camera.position);
    if (sun > 0) note(...sub(sunNow.place, camera.position), sun, 0, 1);
    if (glow && glowWeight > 0) {
      const mean = (glowWeight * meanOf(glow.values)) as number;
      for (let at = 0; at < blocks.length; at++) blocks[at] += mean;
    }
    return count;
  }
}

type Note = (x: number, y: number, z: number, light: number, sigma: number, many: number) => void;

function addCell(store: SplatStore, cell: StoredCell, camera: Vec3, focal: number, step: number, note: Note): void {
  const { means, covDiagonal, light } = store;
  const { origin, unitM, start, count, weight, childWeights, points } = cell;
  const [x, y, z] = origin.map((value, axis) => (value - camera[axis]) / unitM);
  for (let i = 0; i < count; i += i < FIRST ? 1 : step) {
    const at = start + i;
    const child = means[4 * at + 3];
    const share = childWeights && child < OWN ? childWeights[child] : weight;
    if (share === 0) continue;
    const [dx, dy, dz] = [x + means[4 * at], y + means[4 * at + 1], z + means[4 * at + 2]];
    const variance = (covDiagonal[3 * at] + covDiagonal[3 * at + 1] + covDiagonal[3 * at + 2]) / 3;
    const luminance = 0.2126 * light[3 * at] + 0.7152 * light[3 * at + 1] + 0.0722 * light[3 * at + 2];
    const distance2 = Math.max(dx * dx + dy * dy + dz * dz, 1e-300);
    const area = points ? distance2 : Math.max(distance2, variance);
    const sigma = points ? 0 : focal * Math.sqrt(variance / distance2);
    note(dx, dy, dz, (share * 2 * Math.PI * luminance * variance) / area, sigma, i < FIRST ? 1 : step);
  }
}

/** The mean luminance of a glow map. */
function meanOf(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i += 3)
    sum += dot([0.2126, 0.7152, 0.0722], [values[i], values[i + 1], values[i + 2]]);
  return (3 * sum) / values.length;
}
