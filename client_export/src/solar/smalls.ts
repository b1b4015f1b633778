/** Small bodies as points in the picture: of their magnitude, or at least marked where they are asked for. */
import type { Camera } from "../camera.ts";
import { AU_M } from "../sky.ts";
import { OMEGA_0 } from "../v2/quantities.ts";
import { sub } from "../vec.ts";
import type { LayerView } from "./layer.ts";
import { GREY, smallMagnitude } from "./planets.ts";
import type { SolarSystem } from "./system.ts";

/** Light of a middle that adds nothing to an 8-bit picture. */
const UNSEEN = 1 / 4000;
/** That which small bodies have at least, where they are asked for. */
const MARKED = 0.06;
const MARGIN_PX = 8;

export class Smalls {
  /** As `Layer.drawPoints` takes them, of the last frame. */
  values = new Float32Array(0);
  count = 0;
  /** Those that were drawn or are marked otherwise, and where, CSS px from the middle of the screen, up. */
  private rows: number[] = [];
  private places = new Float64Array(0);
  /** The most light of each at 1 au from the Sun and from the eye, in that of magnitude 0. */
  private bright = new Float64Array(0);

  constructor(private readonly system: SolarSystem) {}

  /** Gathers what a frame shows; `without` the row that is drawn as a globe. Costs a pass over all of them, 2 ms for 10,000. */
  gather(camera: Camera, view: LayerView, exposure: number, most: number, marked: boolean, without: number): void {
    const { orbits, places, sun, held } = this.system;
    this.rows = [];
    this.count = 0;
    if (!orbits || !held) return;
    const bodies = orbits.designation.length;
    if (this.places.length < 2 * bodies) {
      this.values = new Float32Array(5 * bodies);
      this.places = new Float64Array(2 * bodies);
      this.bright = orbits.hMag.map((h, row) => brightest(orbits.kind[row] === "comet", h, orbits.slope[row]));
    }
    const { right, up, forward, focal, size } = view;
    const [mostX, mostY] = [size.width / 2 + MARGIN_PX, size.height / 2 + MARGIN_PX];
    const seen = (exposure * OMEGA_0 * focal ** 2) / Math.PI;
    // Of what is fainter than this for certain the light itself does not matter.
    const least = marked ? MARKED : UNSEEN;
    const [ox, oy, oz] = sub(camera.position, sun).map((value) => value / AU_M);
    for (let row = 0; row < bodies; row++) {
      const sx = places[3 * row];
      const sy = places[3 * row + 1];
      const sz = places[3 * row + 2];
      const x = sx - ox;
      const y = sy - oy;
      const z = sz - oz;
      const depth = x * forward[0] + y * forward[1] + z * forward[2];
      if (depth <= 0) continue;
      const px = (focal * (x * right[0] + y * right[1] + z * right[2])) / depth;
      const py = (focal * (x * up[0] + y * up[1] + z * up[2])) / depth;
      if (Math.abs(px) > mostX || Math.abs(py) > mostY || row === without) continue;
      const h = orbits.hMag[row];
      if (Number.isNaN(h)) {
        if (orbits.kind[row] === "spacecraft" && this.system.here(this.system.smalls[row])) this.keep(row, px, py);
        continue;
      }
      const eye2 = x * x + y * y + z * z;
      const sun2 = sx * sx + sy * sy + sz * sz;
      let light = 0;
      if (seen * this.bright[row] >= least * eye2 * sun2) {
        const [distance, fromSun] = [Math.sqrt(eye2), Math.sqrt(sun2)];
        const phase = Math.acos(Math.max(-1, Math.min(1, (x * sx + y * sy + z * sz) / distance / fromSun)));
        const comet = orbits.kind[row] === "comet";
        const magnitude = smallMagnitude(comet, h, orbits.slope[row], fromSun, distance, phase);
        light = (exposure * OMEGA_0 * 10 ** (-0.4 * magnitude) * focal ** 2) / Math.PI;
      }
      const peak = marked ? Math.max(light, MARKED) : light;
      if (peak < UNSEEN) continue;
      this.keep(row, px, py);
      const at = 5 * this.count++;
      this.values[at] = px;
      this.values[at + 1] = py;
      for (let k = 0; k < 3; k++) this.values[at + 2 + k] = Math.min(peak * GREY[k], most);
    }
  }

  /** The row nearest to a place, CSS px from the middle, up, nearer than `within`, and how near; null where none is. */
  at(x: number, y: number, within: number): { row: number; off: number } | null {
    let found: { row: number; off: number } | null = null;
    for (const row of this.rows) {
      const off = Math.hypot(this.places[2 * row] - x, this.places[2 * row + 1] - y);
      if (off < (found?.off ?? within)) found = { row, off };
    }
    return found;
  }

  private keep(row: number, x: number, y: number): void {
    this.places[2 * row] = x;
    this.places[2 * row + 1] = y;
    this.rows.push(row);
  }
}

/** At no phase is an asteroid brighter, with room for rounding; of comets, whose light falls by a law of their own, no limit. */
const brightest = (comet: boolean, h: number, slope: number): number =>
  comet ? Infinity : 1.001 * 10 ** (-0.4 * h) * Math.max(1, 1 - (slope || 0), slope || 0);
