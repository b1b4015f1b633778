import { clamp } from "./numbers.ts";
import { type UpName, UP } from "./sky.ts";
import { type Vec3, add, cross, dot, length, scale, sub, unit } from "./vec.ts";

export const FOV_RANGE_DEG = [1, 120] as const;
/** That of the view which a visit begins with. */
export const FRESH_FOV_DEG = 60;
/** How near to the pole of `up` one may look, as the sine of the distance: nearer, left and right lose their sense. */
const POLE_SINE = 1e-3;

/** The axes of a view, ecliptic unit vectors. */
export interface Basis {
  right: Vec3;
  up: Vec3;
  forward: Vec3;
}

/** A pinhole camera in float64: where it is, where it looks, without roll against its pole. */
export class Camera {
  /** Barycentric mean ecliptic J2000, metres. */
  position: Vec3 = [0, 0, 0];
  upName: UpName = "ecliptic";
  /** Vertical field of view, degrees. */
  fovDeg = FRESH_FOV_DEG;
  /** Width of the view over its height. */
  aspect = 1;
  private looking: Vec3 = [1, 0, 0];

  get forward(): Vec3 {
    return this.looking;
  }

  /** Looks along `direction` (any length), kept just off the poles. */
  look(direction: Vec3): void {
    const pole = UP[this.upName];
    const forward = unit(direction);
    const height = dot(forward, pole);
    const level = sub(forward, scale(pole, height));
    if (length(level) >= POLE_SINE) {
      this.looking = forward;
      return;
    }
    const before = sub(this.looking, scale(pole, dot(this.looking, pole)));
    const side = length(level) > 0 ? level : length(before) > 0 ? before : cross(pole, [1, 0, 0]);
    const top = Math.sqrt(1 - POLE_SINE ** 2);
    this.looking = add(scale(unit(side), POLE_SINE), scale(pole, Math.sign(height) * top));
  }

  /** Turns right about the pole and then up, radians. */
  turn(rightRad: number, upRad: number): void {
    const pole = UP[this.upName];
    const { right, forward } = this.basis();
    const height = Math.asin(Math.max(-1, Math.min(1, dot(forward, pole))));
    const limit = Math.PI / 2 - POLE_SINE;
    const risen = Math.max(-limit, Math.min(limit, height + upRad));
    const level = cross(pole, right);
    const around = add(scale(level, Math.cos(rightRad)), scale(right, Math.sin(rightRad)));
    this.looking = unit(add(scale(around, Math.cos(risen)), scale(pole, Math.sin(risen))));
  }

  /** The field of view along the shorter side, degrees. */
  get shortFovDeg(): number {
    const half = (this.fovDeg * Math.PI) / 360;
    return (Math.atan(Math.tan(half) * Math.min(1, this.aspect)) * 360) / Math.PI;
  }

  /** Widens the view by `factor`, within its range. */
  zoom(factor: number): void {
    this.fovDeg = clamp(this.fovDeg * factor, FOV_RANGE_DEG);
  }

  basis(): Basis {
    const right = unit(cross(this.looking, UP[this.upName]));
    return { right, up: cross(right, this.looking), forward: this.looking };
  }

  /** Focal length in pixels of a view `heightPx` high. */
  focalPx(heightPx: number): number {
    return heightPx / 2 / Math.tan((this.fovDeg * Math.PI) / 360);
  }

  /** The direction of a point of a view, a unit vector: the inverse of `project`. */
  rayAt(x: number, y: number, width: number, height: number): Vec3 {
    const { right, up, forward } = this.basis();
    const focal = this.focalPx(height);
    return unit(add(forward, add(scale(right, (x - width / 2) / focal), scale(up, (height / 2 - y) / focal))));
  }

  /**
   * Where a point (metres) lies in a view of `width` x `height` pixels: x right, y down, from the top left corner, the
   * centre of the first pixel at 0.5. Null behind the camera.
   */
  project(point: Vec3, width: number, height: number): { x: number; y: number } | null {
    const to = sub(point, this.position);
    const { right, up, forward } = this.basis();
    const depth = dot(to, forward);
    if (!(depth > 0)) return null;
    const focal = this.focalPx(height) / depth;
    return { x: width / 2 + focal * dot(to, right), y: height / 2 - focal * dot(to, up) };
  }
}
