/** A flight to a body of the solar system: it ends where its lit side fills a third of the view. */
import type { Camera } from "../camera.ts";
import type { Plan } from "../flight.ts";
import { type Vec3, add, cross, dot, length, scale, slerp, sub, unit } from "../vec.ts";

/** Its disc is this share of the shorter side of the view. */
const FILLED = 1 / 3;
/** Angle at the body between the Sun and the camera, so that it is lit and round. */
const ASIDE_RAD = 0.7;
/** And how far above the plane of that, as a share. */
const ABOVE = 0.25;
/** What has no disc is come so near, metres. */
const NEAR_M = 1e6;
const TURN_SHARE = 0.35;
const SECONDS = [2.5, 8] as const;

const ease = (t: number) => t * t * t * (t * (6 * t - 15) + 10);
const part = (t: number, from: number, to: number) => ease(Math.min(1, Math.max(0, (t - from) / (to - from))));

/** How far from a globe of a radius it fills its share of a view, of which the shorter side has `fovDeg`. */
export function bodyDistance(radiusM: number, fovDeg: number): number {
  if (radiusM === 0) return NEAR_M;
  const tangent = FILLED * Math.tan((fovDeg * Math.PI) / 360);
  return radiusM * Math.sqrt(1 + 1 / tangent ** 2);
}

export class BodyFlight implements Plan {
  readonly arrival: number;
  private readonly startDistance: number;
  private readonly startAway: Vec3;
  private readonly startLook: Vec3;
  private readonly seconds: number;

  /** `place` and `sun` are asked anew on the way, as time may go on; `framedM`: what is to fill the view, 0 of what is a point. */
  constructor(
    private readonly camera: Camera,
    private readonly place: () => Vec3,
    private readonly sun: () => Vec3,
    private readonly framedM: number,
  ) {
    this.arrival = bodyDistance(framedM, camera.shortFovDeg);
    const back = sub(camera.position, place());
    this.startDistance = Math.max(length(back), this.arrival / 100);
    this.startAway = length(back) > 0 ? unit(back) : scale(camera.forward, -1);
    this.startLook = camera.forward;
    const decades = Math.abs(Math.log10(this.startDistance / this.arrival));
    this.seconds = Math.min(SECONDS[1], SECONDS[0] + 0.5 * decades);
  }

  get end(): Vec3 {
    return add(this.place(), scale(this.away, this.arrival));
  }

  /** From the body to where the flight ends: over its lit side; of a point beyond it, so that it stands before the Sun. */
  private get away(): Vec3 {
    const towards = sub(this.sun(), this.place());
    const lit = scale(unit(towards), this.framedM > 0 ? 1 : -1);
    const level: Vec3 = Math.abs(lit[2]) < 0.99 ? [0, 0, 1] : [1, 0, 0];
    const side = unit(cross(level, lit));
    const near = dot(side, this.startAway) < 0 ? scale(side, -1) : side;
    const up = cross(lit, side);
    const off = unit(add(near, scale(up, ABOVE)));
    return add(scale(lit, Math.cos(ASIDE_RAD)), scale(off, Math.sin(ASIDE_RAD)));
  }

  step(elapsed: number): boolean {
    const t = Math.min(1, elapsed / this.seconds);
    const moved = ease(t);
    // Around the body one goes only when it is near: from afar that would be a long way.
    const away = slerp(this.startAway, this.away, part(t, 0.45, 1));
    const distance = this.startDistance ** (1 - moved) * this.arrival ** moved;
    this.camera.position = add(this.place(), scale(away, distance));
    const there = scale(away, -1);
    this.camera.look(t < TURN_SHARE ? slerp(this.startLook, there, part(t, 0, TURN_SHARE)) : there);
    return t === 1;
  }

  jump(): void {
    this.step(Infinity);
  }
}
