/** A smooth way to a place: turn towards it, then close in with the distance falling evenly in its logarithm. */
import type { Camera } from "./camera.ts";
import { type Vec3, add, length, scale, slerp, sub, unit } from "./vec.ts";

/** How many of its radii away a place is seen whole. */
const RADII_AWAY = 4;
/** Never nearer than this share of the place's distance from the Sun: float32 positions are good to 1e-7 of it. */
const CLOSEST_SHARE = 1e-5;
/** Without a radius hint. */
const DEFAULT_SHARE = 1e-3;
const TURN_SHARE = 0.35;
const SECONDS = [2.5, 7] as const;

/** How far from a place a flight ends, metres. `radiusM` 0: unknown. */
export function arrivalDistance(place: Vec3, radiusM: number): number {
  const fromSun = length(place);
  return radiusM > 0 ? Math.max(RADII_AWAY * radiusM, CLOSEST_SHARE * fromSun) : Math.max(DEFAULT_SHARE * fromSun, 1e9);
}

const ease = (t: number) => t * t * t * (t * (6 * t - 15) + 10);

export class Flight {
  /** Metres between the camera and the place at the end. */
  readonly arrival: number;
  private readonly startDistance: number;
  private readonly away: Vec3;
  private readonly startLook: Vec3;
  private readonly seconds: number;

  /** `place` is asked anew on the way: what is loaded as the camera comes near may place a star more exactly. */
  constructor(
    private readonly camera: Camera,
    private readonly place: () => Vec3,
    radiusM: number,
  ) {
    this.arrival = arrivalDistance(place(), radiusM);
    const back = sub(camera.position, place());
    this.startDistance = Math.max(length(back), 1);
    this.away = length(back) > 0 ? unit(back) : scale(camera.forward, -1);
    this.startLook = camera.forward;
    const decades = Math.abs(Math.log10(this.startDistance / this.arrival));
    this.seconds = Math.min(SECONDS[1], SECONDS[0] + 0.6 * decades);
  }

  /** Puts the camera where it is `elapsed` seconds after the start; true once it has arrived. */
  step(elapsed: number): boolean {
    const t = Math.min(1, elapsed / this.seconds);
    const turned = ease(Math.min(1, t / TURN_SHARE));
    this.camera.look(slerp(this.startLook, scale(this.away, -1), turned));
    const moved = ease(t);
    const distance = this.startDistance ** (1 - moved) * this.arrival ** moved;
    this.camera.position = add(this.place(), scale(this.away, distance));
    return t === 1;
  }

  /** Ends it at once, for those who asked their system for less motion. */
  jump(): void {
    this.step(Infinity);
  }
}
