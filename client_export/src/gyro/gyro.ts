/** Turns the view as the phone is turned. */
import type { Camera } from "../camera.ts";
import { UP } from "../sky.ts";
import { dot } from "../vec.ts";
import { type Pointing, pointingOf } from "./orientation.ts";

/** Turns smaller than this, radians, wait for more: a hand at rest draws no frame. */
const LEAST = 5e-4;

/** What is turned. */
export interface Turned {
  readonly camera: Camera;
  invalidate(): void;
}

/** The angles of a `DeviceOrientationEvent`. */
export type Angles = Pick<DeviceOrientationEvent, "alpha" | "beta" | "gamma">;

export class Gyro {
  private last: Pointing | null = null;
  /** What the phone was raised beyond the pole, where the view stops, radians. */
  private beyond = 0;

  constructor(private readonly app: Turned) {}

  /** The next position counts as that of the present view. */
  begin(): void {
    this.last = null;
    this.beyond = 0;
  }

  /** Turns the view by as much as the phone was since the last position. What turns it otherwise is added to that. */
  move({ alpha, beta, gamma }: Angles, screenAngle: number): void {
    if (alpha === null || beta === null || gamma === null) return;
    const now = pointingOf(alpha, beta, gamma, screenAngle);
    if (!this.last) {
      this.last = now;
      return;
    }
    const turned = now.heading - this.last.heading;
    const right = Math.atan2(Math.sin(turned), Math.cos(turned));
    const up = now.height - this.last.height;
    if (Math.hypot(right, up) < LEAST) return;
    this.last = now;
    const { camera } = this.app;
    const height = () => Math.asin(dot(camera.forward, UP[camera.upName]));
    const before = height();
    camera.turn(right, up + this.beyond);
    this.beyond += up - (height() - before);
    this.app.invalidate();
  }
}
