/** From what a device says of an eye to a pinhole camera, and the part of its picture that the eye is shown. */
import { type Basis, Camera } from "../camera.ts";
import { UP, type UpName } from "../sky.ts";
import { type Vec3, add, cross, dot, scale, sub, unit } from "../vec.ts";
import type { Viewport } from "./device.ts";

/** A camera with axes of its own, which may be rolled. */
export class EyeCamera extends Camera {
  axes: Basis = { right: [0, -1, 0], up: [0, 0, 1], forward: [1, 0, 0] };

  override get forward(): Vec3 {
    return this.axes.forward;
  }

  override basis(): Basis {
    return this.axes;
  }
}

/** The axes of a reference space (right, up, back) in the sky, ecliptic unit vectors: what is up there is up here. */
export class Room {
  private readonly back: Vec3;
  private readonly right: Vec3;
  private readonly up: Vec3;

  /** Who looks ahead there looks here to where `forward` does, as far as that is level. */
  constructor(forward: Vec3, upName: UpName) {
    this.up = UP[upName];
    const level = sub(forward, scale(this.up, dot(forward, this.up)));
    this.back = scale(unit(level), -1);
    this.right = cross(this.up, this.back);
  }

  /** A direction or an offset of the reference space, in the sky. */
  turned(x: number, y: number, z: number): Vec3 {
    return add(add(scale(this.right, x), scale(this.up, y)), scale(this.back, z));
  }

  /** The axes of an eye or a head, and where it is, metres from where the room is, by its matrix. */
  pose(matrix: Float32Array): Basis & { offset: Vec3 } {
    const column = (at: number) => this.turned(matrix[at], matrix[at + 1], matrix[at + 2]);
    return { right: column(0), up: column(4), forward: scale(column(8), -1), offset: column(12) };
  }
}

/** How far an eye sees, as the tangents of angles from its axis: to the left and below these are negative. */
export interface Tangents {
  left: number;
  right: number;
  below: number;
  above: number;
}

/** The tangents of a projection [16], by columns, as OpenGL has it. */
export function tangentsOf(projection: Float32Array): Tangents {
  const [width, height, aside, over] = [projection[0], projection[5], projection[8], projection[9]];
  return {
    left: (aside - 1) / width,
    right: (aside + 1) / width,
    below: (over - 1) / height,
    above: (over + 1) / height,
  };
}

/** A picture that the axis is in the middle of, large enough for every eye. */
export interface Picture {
  width: number;
  height: number;
  /** Of its pixels. */
  focal: number;
  /** Vertical, degrees. */
  fovDeg: number;
}

/** The picture for eyes that see so far, each shown in a viewport of so many pixels, of which none is stretched. */
export function pictureFor(eyes: readonly { tangents: Tangents; viewport: Viewport }[]): Picture {
  const focals = eyes.map(({ tangents, viewport }) => viewport.height / (tangents.above - tangents.below));
  const focal = Math.max(...focals);
  const most = (of: (tangents: Tangents) => number[]) =>
    Math.max(...eyes.flatMap(({ tangents }) => of(tangents).map(Math.abs)));
  const half = (tangent: number) => Math.ceil(tangent * focal);
  const width = 2 * half(most(({ left, right }) => [left, right]));
  const height = 2 * half(most(({ below, above }) => [below, above]));
  return { width, height, focal, fovDeg: (2 * Math.atan(height / 2 / focal) * 180) / Math.PI };
}

/** The part of the picture that an eye sees: its edges, pixels from the left and from below. */
export function partOf({ width, height, focal }: Picture, { left, right, below, above }: Tangents): Tangents {
  const [x, y] = [width / 2, height / 2];
  return {
    left: Math.round(x + focal * left),
    right: Math.round(x + focal * right),
    below: Math.round(y + focal * below),
    above: Math.round(y + focal * above),
  };
}
