/** Coming nearer to what is under a pointer, or going away from it, by the wheel or two fingers. Pure: time is handed in. */
import type { Aim } from "./aim.ts";
import type { Camera } from "./camera.ts";
import { type Vec3, add, length, scale, sub } from "./vec.ts";

/** No place is come nearer to, metres: a little more than the Sun's radius, or the share of its distance from the Sun. */
const CLOSEST_M = 1e9;
const CLOSEST_SHARE = 1e-6;
/** Nor is one led farther away: 100 Gpc. */
const FARTHEST_M = 3e27;
/** Time in which the motion follows the wheel, seconds. */
const EASE_S = 0.1;
/** A new aim is taken where the pointer has moved so far, or after such a pause. */
const SAME_PX = 8;
const SAME_MS = 600;

export class Approach {
  private aim: Aim | null = null;
  private at = { x: 0, y: 0, time: 0 };
  /** What is left to do of the natural logarithm of the distance. */
  private left = 0;
  private last: number | null = null;

  /** `aimAt` tells what lies under a point of the view, CSS pixels. */
  constructor(
    private readonly camera: Camera,
    private readonly aimAt: (x: number, y: number) => Aim,
  ) {}

  /** Asks at `now`, milliseconds, to come nearer to what is at `x`, `y` by `e` to the power of `amount`. */
  push(x: number, y: number, amount: number, now: number): void {
    this.choose(x, y, now);
    this.left += amount;
    this.last ??= now;
  }

  /** Comes nearer to what is at `x`, `y` by `factor` at once. */
  pinch(x: number, y: number, factor: number, now: number): void {
    this.choose(x, y, now);
    this.near(Math.log(factor));
  }

  /** Stops. */
  rest(): void {
    this.aim = null;
    this.left = 0;
    this.last = null;
  }

  /** Moves the camera on until `now`, milliseconds; true while there is more to come. */
  step(now: number): boolean {
    if (this.last === null) return false;
    const done = this.left * (1 - Math.exp(-Math.max(now - this.last, 0) / 1000 / EASE_S));
    const all = Math.abs(this.left - done) < 1e-3;
    this.near(all ? this.left : done);
    this.left = all ? 0 : this.left - done;
    this.last = all ? null : Math.max(now, this.last);
    return !all;
  }

  /** Keeps to a light while the pointer stays; what was only a direction is asked anew. */
  private choose(x: number, y: number, now: number): void {
    const moved = Math.hypot(x - this.at.x, y - this.at.y) > SAME_PX;
    if (!this.aim?.light || moved || now - this.at.time > SAME_MS) {
      this.aim = this.aimAt(x, y);
      this.at = { x, y, time: now };
    }
    this.at.time = now;
  }

  private near(amount: number): void {
    if (!this.aim || amount === 0) return;
    const { place } = this.aim;
    const back: Vec3 = sub(this.camera.position, place);
    const distance = length(back);
    const near = this.aim.closest ?? Math.max(CLOSEST_M, CLOSEST_SHARE * length(place));
    const closest = Math.min(near, distance);
    const to = Math.min(Math.max(distance * Math.exp(-amount), closest), FARTHEST_M);
    if (distance > 0) this.camera.position = add(place, scale(back, to / distance));
  }
}
