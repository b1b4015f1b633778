/**
 * A smooth way to a place: turn towards it, then close in with the distance falling evenly in its logarithm. The films of
 * `helios/pictures/flights.py` fly the same.
 */
import { type Camera, FRESH_FOV_DEG } from "./camera.ts";
import { type Vec3, add, length, scale, slerp, sub, unit } from "./vec.ts";
import { OMEGA_0 } from "./v2/quantities.ts";

/** A star is come to where it is of this magnitude: by far the brightest of its sky, and no glare hides that. */
const STAR_MAG = -8;
/** The circle around any other place fills this share of the view, along its shorter side. */
const FILLED = 0.5;
/** Never nearer than this share of the place's distance from the Sun: float32 positions are good to 1e-7 of it. */
const CLOSEST_SHARE = 1e-5;
/** Where nothing is known of its size. */
const DEFAULT_SHARE = 1e-3;
const CLOSEST_M = 1e9;
const TURN_SHARE = 0.35;
const SECONDS = [2.5, 7] as const;
/** The way home slows down as if it ended so far from it, metres. */
const HOME_M = 1e11;

/** What is done by a camera in time. */
export interface Plan {
  /** Where the camera will be, metres. */
  readonly end: Vec3;
  /** Puts the camera where it is `elapsed` seconds after the start; true once it has arrived. */
  step(elapsed: number): boolean;
  /** Ends it at once, for those who asked their system for less motion. */
  jump(): void;
}

/**
 * How far from a place a flight ends, metres. `radiusM` 0: unknown. `luminosity`: of a star, its light in steradians at exposure
 * 1 times its distance squared, m^2. `fovDeg`: the shorter side of the view.
 */
export function arrivalDistance(place: Vec3, radiusM: number, luminosity = 0, fovDeg = FRESH_FOV_DEG): number {
  const fromSun = length(place);
  const framed = radiusM / (FILLED * Math.tan((fovDeg * Math.PI) / 360));
  const wanted = luminosity > 0 ? Math.sqrt(luminosity / (OMEGA_0 * 10 ** (-0.4 * STAR_MAG))) : framed;
  return Math.max(wanted || DEFAULT_SHARE * fromSun, CLOSEST_SHARE * fromSun, CLOSEST_M);
}

const ease = (t: number) => t * t * t * (t * (6 * t - 15) + 10);
const part = (t: number, from: number, to: number) => ease(Math.min(1, Math.max(0, (t - from) / (to - from))));
const secondsFor = (decades: number) => Math.min(SECONDS[1], SECONDS[0] + 0.6 * Math.abs(decades));

export class Flight implements Plan {
  /** Metres between the camera and the place at the end. */
  readonly arrival: number;
  private readonly startDistance: number;
  private readonly away: Vec3;
  private readonly startLook: Vec3;
  private readonly seconds: number;

  /**
   * `place` is asked anew on the way: what is loaded as the camera comes near may place a star more exactly. `luminosity` as in
   * `arrivalDistance`.
   */
  constructor(
    private readonly camera: Camera,
    private readonly place: () => Vec3,
    radiusM: number,
    luminosity = 0,
  ) {
    this.arrival = arrivalDistance(place(), radiusM, luminosity, camera.shortFovDeg);
    const back = sub(camera.position, place());
    this.startDistance = Math.max(length(back), 1);
    this.away = length(back) > 0 ? unit(back) : scale(camera.forward, -1);
    this.startLook = camera.forward;
    this.seconds = secondsFor(Math.log10(this.startDistance / this.arrival));
  }

  get end(): Vec3 {
    return add(this.place(), scale(this.away, this.arrival));
  }

  step(elapsed: number): boolean {
    const t = Math.min(1, elapsed / this.seconds);
    this.camera.look(slerp(this.startLook, scale(this.away, -1), part(t, 0, TURN_SHARE)));
    const moved = ease(t);
    const distance = this.startDistance ** (1 - moved) * this.arrival ** moved;
    this.camera.position = add(this.place(), scale(this.away, distance));
    return t === 1;
  }

  jump(): void {
    this.step(Infinity);
  }
}

/** The way back to the Sun, and to the view that a visit begins with. */
export class WayHome implements Plan {
  readonly end: Vec3 = [0, 0, 0];
  private readonly start: Vec3;
  private readonly startLook: Vec3;
  private readonly startFov: number;
  private readonly octaves: number;
  private readonly seconds: number;

  /** `look`: the direction of the view at the end. */
  constructor(
    private readonly camera: Camera,
    private readonly look: Vec3,
  ) {
    this.start = camera.position;
    this.startLook = camera.forward;
    this.startFov = camera.fovDeg;
    this.octaves = Math.asinh(length(this.start) / HOME_M);
    this.seconds = secondsFor(this.octaves / Math.LN10);
  }

  step(elapsed: number): boolean {
    const { camera, start, startLook, look } = this;
    const t = Math.min(1, elapsed / this.seconds);
    const distance = length(start);
    // Far away its logarithm falls evenly, near the end the distance itself, and it comes to nothing.
    const left = distance > 0 ? (HOME_M * Math.sinh(this.octaves * (1 - ease(t)))) / distance : 0;
    camera.position = t === 1 ? this.end : scale(start, left);
    const ahead = distance > HOME_M ? scale(start, -1 / distance) : startLook;
    const there = slerp(startLook, ahead, part(t, 0, TURN_SHARE));
    camera.look(slerp(there, look, part(t, 1 - TURN_SHARE, 1)));
    camera.fovDeg = this.startFov * (FRESH_FOV_DEG / this.startFov) ** part(t, 0.5, 1);
    return t === 1;
  }

  jump(): void {
    this.step(Infinity);
  }
}
