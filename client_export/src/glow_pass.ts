/** Draws the glow map: light that comes from far away in all directions, as it is seen from the Sun. */
import type { Camera } from "./camera.ts";
import { FullScreenPass } from "./gl/full_screen.ts";
import { DataTexture, TABLE_GLSL } from "./gl/textures.ts";
import type { ScreenSize, SplatTarget } from "./star_pass.ts";

/** Faces of a cube, -x, +x, -y, +y, -z, +z, of n x n texels and one more around each, which lie on the next faces. */
export interface GlowMap {
  n: number;
  /** [6, n + 2, n + 2, 3] linear RGB: full brightness at exposure 1 where it is 1. */
  values: Float32Array;
}

const FRAGMENT = /* glsl */ `
precision highp float;
precision highp int;
precision highp sampler2D;
uniform sampler2D map;
uniform int side;        // texels along the side of a face, those around included
uniform vec3 right;
uniform vec3 up;
uniform vec3 forward;
uniform vec2 viewport;   // CSS px
uniform float focal;     // CSS px
uniform float density;   // pixels of the target per CSS px
uniform float weight;
in vec2 at;
out vec4 added;
${TABLE_GLSL}
vec3 texel(int face, ivec2 place) {
  return texelFetch(map, texelPlace((face * side + place.x) * side + place.y), 0).rgb;
}
void main() {
  vec2 x = gl_FragCoord.xy / density - 0.5 * viewport;
  vec3 d = focal * forward + x.x * right + x.y * up;
  vec3 size = abs(d);
  int axis = size.x >= size.y && size.x >= size.z ? 0 : size.y >= size.z ? 1 : 2;
  vec2 across = vec2(d[(axis + 1) % 3], d[(axis + 2) % 3]) / size[axis];
  vec2 place = (atan(across) * ${(4 / Math.PI).toFixed(9)} + 1.0) * 0.5 * float(side - 2) + 0.5;
  ivec2 first = clamp(ivec2(place), ivec2(0), ivec2(side - 2));
  vec2 t = place - vec2(first);
  int face = 2 * axis + (d[axis] > 0.0 ? 1 : 0);
  vec3 low = mix(texel(face, first), texel(face, first + ivec2(0, 1)), t.y);
  vec3 high = mix(texel(face, first + ivec2(1, 0)), texel(face, first + 1), t.y);
  // It stands for stars, whose light is even: star_shader.ts.
  added = vec4(weight * pow(focal / length(d), 3.0) * mix(low, high, t.x), 0.0);
}
`;

export class GlowPass {
  private readonly pass: FullScreenPass;
  private map: DataTexture | null = null;

  constructor(private readonly gl: WebGL2RenderingContext) {
    this.pass = new FullScreenPass(gl, FRAGMENT);
  }

  /** Adds the light of `glow`, always the same, times `weight` to a target. */
  draw(
    { n, values }: GlowMap,
    { target, shrink }: Pick<SplatTarget, "target" | "shrink">,
    camera: Camera,
    size: ScreenSize,
    weight: number,
  ): void {
    if (!this.map) {
      this.map = new DataTexture(this.gl, values, 3);
      this.map.upload(0, values.length / 3);
    }
    const uniforms = {
      ...camera.basis(),
      map: this.map.texture,
      side: n + 2,
      viewport: [size.width, size.height],
      focal: camera.focalPx(size.height),
      density: size.density / shrink,
      weight,
    };
    this.pass.draw(target, uniforms, "add");
  }
}
