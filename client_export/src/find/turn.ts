/** Turning the camera where it is. */
import type { Camera } from "../camera.ts";
import type { Plan } from "../flight.ts";
import { type Vec3, dot, slerp } from "../vec.ts";

const SECONDS = [0.6, 2] as const;
const ease = (t: number) => t * t * (3 - 2 * t);

/** A smooth turn towards a direction, an ecliptic unit vector. */
export class Turn implements Plan {
  readonly end: Vec3;
  private readonly start: Vec3;
  private readonly seconds: number;

  constructor(
    private readonly camera: Camera,
    private readonly direction: Vec3,
  ) {
    this.end = camera.position;
    this.start = camera.forward;
    const half = (1 - dot(this.start, direction)) / 2;
    this.seconds = SECONDS[0] + (SECONDS[1] - SECONDS[0]) * Math.sqrt(Math.max(0, half));
  }

  step(elapsed: number): boolean {
    const t = Math.min(1, elapsed / this.seconds);
    this.camera.look(slerp(this.start, this.direction, ease(t)));
    return t === 1;
  }

  jump(): void {
    this.step(Infinity);
  }
}
