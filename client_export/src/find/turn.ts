/** Turning the camera where it is. */
import type { Camera } from "../camera.ts";
import { type Vec3, dot, slerp } from "../vec.ts";

/** Where the camera is taken, step by step. */
export interface Way {
  /** Metres between the camera and the place at the end; null where it stays. */
  readonly arrival: number | null;
  /** Puts the camera where it is `elapsed` seconds after the start; true once it has arrived. */
  step(elapsed: number): boolean;
  /** Ends it at once. */
  jump(): void;
}

const SECONDS = [0.6, 2] as const;
const ease = (t: number) => t * t * (3 - 2 * t);

/** A smooth turn towards a direction, an ecliptic unit vector. */
export class Turn implements Way {
  readonly arrival = null;
  private readonly start: Vec3;
  private readonly seconds: number;

  constructor(
    private readonly camera: Camera,
    private readonly direction: Vec3,
  ) {
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
