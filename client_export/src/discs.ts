/**
 * Stars so near that they are discs, darker towards their limbs. From a radius of 1.5 px down to 0.5 px a disc becomes the
 * point that stars are; its light is that of the point always.
 *
 * At a distance r from its middle a disc of radius a px has the light
 *
 *     (1 - 0.6 (1 - mu)) / (1 + exp((r - a) / s)),   mu = sqrt(1 - r^2 / (a^2 + 2)),   s = 0.39 px
 *
 * the linear law of limb darkening with the Sun's coefficient in visible light, and an edge as soft as the pixels' filter
 * makes it, divided by its sum over the picture.
 */
import { FullScreenPass } from "./gl/full_screen.ts";
import type { UniformValue } from "./gl/program.ts";
import type { RenderTarget } from "./gl/textures.ts";
import type { NearSplats } from "./near.ts";
import { smoothstep } from "./numbers.ts";
import { sizeOfStar } from "./star_size.ts";
import { type Vec3, dot } from "./vec.ts";

/** Radii, px, from where to where a point becomes a disc. */
const FROM_PX = [0.5, 1.5] as const;
const LIMB = 0.6;
/** A logistic edge of it has the standard deviation of the pixels' filter, sqrt(0.5) px. */
const SOFT_PX = 0.39;
/** A disc is drawn to where its edge has fallen by a factor of a million. */
const REACH_PX = 14 * SOFT_PX;
const LUMINANCE: Vec3 = [0.2126, 0.7152, 0.0722];
const STEPS = 400;

const FRAGMENT = /* glsl */ `
precision highp float;
uniform vec2 viewport;   // CSS px
uniform float density;   // pixels of the target per CSS px
uniform vec2 middle;     // CSS px from the middle of the screen
uniform float radius;    // CSS px
uniform vec3 peak;
in vec2 at;
out vec4 added;
void main() {
  float r = length(gl_FragCoord.xy / density - 0.5 * viewport - middle);
  float mu = sqrt(max(1.0 - r * r / (radius * radius + 2.0), 0.0));
  added = vec4(peak * (1.0 - ${LIMB} * (1.0 - mu)) / (1.0 + exp(min((r - radius) / ${SOFT_PX}, 80.0))), 1.0);
}
`;

interface Disc {
  /** Unit vector from the camera. */
  to: Vec3;
  /** Its radius over its distance. */
  size: number;
  /** Linear RGB of luminance 1 times light, steradians at exposure 1. */
  light: Vec3;
}

/** What a disc of radius `a` px has in all, px^2, where it is 1 in its middle. */
export function discSum(a: number): number {
  const [end, floor] = [a + REACH_PX, (r: number) => Math.sqrt(Math.max(1 - r ** 2 / (a ** 2 + 2), 0))];
  let sum = 0;
  for (let i = 0; i < STEPS; i++) {
    const r = (end * (i + 0.5)) / STEPS;
    sum += (r * (1 - LIMB * (1 - floor(r)))) / (1 + Math.exp((r - a) / SOFT_PX));
  }
  return (2 * Math.PI * sum * end) / STEPS;
}

/** What a view looks like: the axes, the focal length, CSS px, the exposure and what the shaders of splats are given. */
type DiscView = Readonly<Record<string, UniformValue>> & {
  right: Vec3;
  up: Vec3;
  forward: Vec3;
  viewport: number[];
  focal: number;
  exposure: number;
  density: number;
};

export class Discs {
  private readonly pass: FullScreenPass;
  private found: Disc[] = [];

  /** `most`: no pixel of a disc is given more light. */
  constructor(
    private readonly gl: WebGL2RenderingContext,
    private readonly most: number,
  ) {
    this.pass = new FullScreenPass(gl, FRAGMENT);
  }

  /** Takes from the points among `near` the light that discs give in a view of focal length `focal`, CSS px. */
  take(near: NearSplats, focal: number): void {
    this.found = [];
    for (let at = near.soft; at < near.count; at++) {
      const given = [...near.light.subarray(3 * at, 3 * at + 3)] as unknown as Vec3;
      const luminance = dot(LUMINANCE, given);
      if (!(luminance > 0)) continue;
      const omega = 2 * Math.PI * near.covDiagonal[3 * at];
      // Its share in a fade is in its light, and no part of its size.
      const color = given.map((value) => value / luminance) as unknown as Vec3;
      const size = Math.min(sizeOfStar(omega, color), 1);
      const share = smoothstep(...FROM_PX, focal * size);
      if (share === 0) continue;
      const light = given.map((value) => value * share * omega) as unknown as Vec3;
      const to = [...near.means.subarray(4 * at, 4 * at + 3)] as unknown as Vec3;
      this.found.push({ to, size, light });
      for (let k = 0; k < 3; k++) near.light[3 * at + k] *= 1 - share;
    }
  }

  /** Adds the discs to `target`. */
  draw(target: RenderTarget, view: DiscView): void {
    const { gl } = this;
    const { right, up, forward, viewport, focal, exposure, density } = view;
    for (const { to, size, light } of this.found) {
      const depth = dot(to, forward);
      if (depth <= 0.1) continue;
      const radius = (focal * size) / Math.sqrt(Math.max(1 - size * size, 1e-3));
      const middle = [(focal * dot(to, right)) / depth, (focal * dot(to, up)) / depth];
      const scale = (exposure * focal ** 2) / discSum(radius);
      const peak = light.map((value) => Math.min(scale * value, this.most));
      const [x, y] = [0, 1].map((axis) =>
        Math.floor((viewport[axis] / 2 + middle[axis] - radius - REACH_PX) * density),
      );
      const side = Math.ceil(2 * (radius + REACH_PX) * density) + 1;
      gl.enable(gl.SCISSOR_TEST);
      gl.scissor(x, y, side, side);
      this.pass.draw(target, { viewport, density, middle, radius, peak }, "add");
      gl.disable(gl.SCISSOR_TEST);
    }
  }
}
