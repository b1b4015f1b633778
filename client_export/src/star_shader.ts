/**
 * The law of light, drawn additively. In a pixel at x a splat of linear brightness tau adds, at exposure E,
 *
 *     E tau rho G(x),   rho = sqrt(det S / det(S + eps I)),   eps = 0.5 px^2
 *
 * with S the covariance of the projected Gaussian (EWA, Zwicker et al. 2002) and G the Gaussian, 1 at its centre, of
 * covariance S + eps I: the splat seen through the pixels' own filter. rho makes the sum over all pixels independent of
 * eps, so the light of a splat falls with the square of its distance also where it is smaller than a pixel. An isotropic
 * one of size sigma covers 2 pi tau sigma^2 / d^2 steradians from a distance d.
 *
 * A pixel beside the axis covers less of the sky, by the cube of the cosine of its angle from it, so a small splat would light
 * more of them, and a star would change its magnitude as the camera turns. So the light of points, and of what stands for
 * stars, is multiplied by that cube, and the sum over all pixels is E Omega f^2 wherever they are seen. Light that is
 * extended by itself keeps its brightness instead; between the two, from a standard deviation of 1 to 4 px, the power falls.
 *
 * Wide splats are drawn by `wide_shader.ts`, and points, which have no size, as points of the GPU: a vertex each, and less to do.
 *
 * Lengths on the screen are CSS pixels, so that a view shows the same picture on screens of every density.
 */

import { POINT_GLSL, QUAD_GLSL } from "./gl/quads.ts";
import { TABLE_GLSL } from "./gl/textures.ts";

/** Texels of a block in the table of blocks. */
export const TEXELS_PER_BLOCK = 4;

/** What the vertex shader of points begins with, and that of all splats. */
const PLACE_GLSL = /* glsl */ `
precision highp sampler2D;

// A splat's quad reaches to where it adds less than this.
const float CUT = 1.0 / 2000.0;
// Beyond 84 degrees off the axis no screen shows anything, and the projection's derivative runs away.
const float MIN_DEPTH = 0.1;

// Of each block: ((O - camera) S, unit S); (weight of own splats, 0, first splat, how many splats, negative where the origin is
// the Sun); the weights of splats that stand for the children 0 to 3; of 4 to 7.
uniform sampler2D blocks;
uniform sampler2D means; // cell units; w: the child, or 8, or 9 of what stands for one but shares the weight of the others
uniform sampler2D covDiagonal; // cell units^2: xx, yy, zz
uniform sampler2D light; // linear RGB x tau
uniform vec3 right;
uniform vec3 up;
uniform vec3 forward;
uniform vec2 viewport;   // CSS px
uniform vec2 extent;     // CSS px of the target, which may go on beyond the view to the right and above
uniform float focal;     // CSS px
uniform float exposure;
uniform float most;      // of the light of a pixel, that the target's floats hold
uniform float epsilon;   // px^2, of the pixels' filter
uniform vec2 fade;       // from nothing at x to all at y: distance in cell units, or in that from the Sun
${TABLE_GLSL}
int block;               // its first texel
vec4 state;              // the second
vec4 frame;
ivec2 place;             // in the tables of splats
vec4 mean;
vec3 to;                 // from the camera
vec3 p;                  // the same: right, up, forward
vec3 diagonal;
float angular2;          // its mean variance, radians^2
float fallen;            // the square of the standard deviations at which it adds no more than CUT
flat out vec3 peak;

// Whether there is a splat of this number in the block.
bool findPlace() {
  gl_Position = vec4(2.0, 2.0, 2.0, 1.0); // outside: nothing is drawn
  block = ${TEXELS_PER_BLOCK} * blockNumber();
  state = texelFetch(blocks, texelPlace(block + 1), 0);
  if (numberInBlock() >= int(abs(state.w))) return false;
  place = texelPlace(int(state.z) + numberInBlock());
  mean = texelFetch(means, place, 0);
  frame = texelFetch(blocks, texelPlace(block), 0);
  to = frame.xyz + mean.xyz * frame.w;
  diagonal = texelFetch(covDiagonal, place, 0).xyz;
  p = vec3(dot(right, to), dot(up, to), dot(forward, to));
  float ratio = frame.w / length(to);
  angular2 = dot(diagonal, vec3(1.0 / 3.0)) * ratio * ratio;
  return true;
}

// The share of its light that is drawn here, where so much of it is shown.
float shareOf(float shown) {
  vec3 far = abs(mean.xyz); // above 1 where it has moved out of its cell
  float unit = state.w < 0.0 ? length(mean.xyz) : max(max(1.0, far.x), max(far.y, far.z));
  return shown * smoothstep(fade.x, fade.y, length(to) / frame.w / unit);
}

// Whether it gives its middle any light, which is so many times its own.
bool findPeak(float times) {
  vec3 glow = exposure * times * texelFetch(light, place, 0).rgb;
  float brightest = max(glow.r, max(glow.g, glow.b));
  peak = glow * min(1.0, most / brightest);
  fallen = 2.0 * log(min(brightest, most) / CUT);
  return brightest > 0.0;
}
`;

/** What vertex shaders of splats begin with: where a splat is, and how much of it is shown. */
export const SPLAT_GLSL = /* glsl */ `${QUAD_GLSL}${PLACE_GLSL}
uniform sampler2D covOff; // cell units^2: xy, xz, yz
uniform vec2 band;       // px^2: the variances of the splats that this target takes, from x to below y
mat3 sigma;              // covariance, in the units of to
float weight;
float even;              // the power of the cube of the cosine: 1 for what stands for stars, 0 for what is extended

// Whether there is a splat that the target takes.
bool findSplat() {
  if (!findPlace()) return false;
  int child = int(mean.w);
  float shown = child < 8 ? texelFetch(blocks, texelPlace(block + 2 + child / 4), 0)[child % 4] : state.x;
  if (shown <= 0.0) return false;
  weight = shareOf(shown);
  vec3 off = texelFetch(covOff, place, 0).xyz;
  sigma = frame.w * (frame.w * mat3(diagonal.x, off.xy, off.x, diagonal.y, off.zyz, diagonal.z)); // in this order: a unit may be 1e-20
  float width = angular2 * focal * focal;
  even = child == 8 ? 1.0 - smoothstep(1.0, 16.0, width) : 1.0;
  return weight > 0.0 && width >= band.x && width < band.y;
}
`;

export const STAR_VERTEX = /* glsl */ `${SPLAT_GLSL}
flat out vec2 centre;    // CSS px from the middle of the screen
flat out vec3 conic;     // inverse of S + eps I: xx, xy, yy

void main() {
  if (!findSplat()) return;
  if (p.z <= MIN_DEPTH * length(to)) return;

  // EWA: S = T Sigma T', T the derivative of the projection.
  vec3 t1 = (focal / p.z) * (right - forward * p.x / p.z);
  vec3 t2 = (focal / p.z) * (up - forward * p.y / p.z);
  vec3 s1 = sigma * t1;
  vec3 s2 = sigma * t2;
  vec3 s = vec3(dot(t1, s1), dot(t1, s2), dot(t2, s2)); // xx, xy, yy
  float det = max(s.x * s.z - s.y * s.y, 0.0);
  vec3 shape = s + vec3(epsilon, 0.0, epsilon);
  float detShape = shape.x * shape.z - shape.y * shape.y;

  // From within its size a splat gives no more light than from its size away.
  float amount = sqrt(det / detShape) * pow(p.z / length(to), 3.0 * even) / max(1.0, angular2);
  if (!findPeak(weight * amount)) return;
  conic = vec3(shape.z, -shape.y, shape.x) / detShape;
  centre = focal * p.xy / p.z;
  // At least 99.6 % of a splat's light, of a wide one 99.97 %.
  vec2 reach = sqrt(max(max(s.x, s.z) > 1.0 ? 16.0 : 11.1, fallen) * shape.xz);
  gl_Position = vec4((0.5 * viewport + centre + quadCorner() * reach) * 2.0 / extent - 1.0, 0.0, 1.0);
}
`;

/** A point has no size, and the shape of the pixels' filter. */
export const POINT_VERTEX = /* glsl */ `${POINT_GLSL}${PLACE_GLSL}
uniform float density;
flat out vec2 centre;
flat out vec3 conic;

void main() {
  gl_PointSize = 1.0;
  if (!findPlace()) return;
  if (p.z <= MIN_DEPTH * length(to)) return;
  centre = focal * p.xy / p.z;
  vec2 margin = vec2(MARGIN / density);
  if (any(greaterThan(abs(centre), extent - 0.5 * viewport + margin))) return; // before all that costs more
  if (!findPeak(shareOf(state.x) * (angular2 * focal * focal / epsilon))) return;
  conic = vec3(1.0, 0.0, 1.0) / epsilon;
  gl_PointSize = 2.0 * density * sqrt(max(11.1, fallen) * epsilon);
  gl_Position = vec4((0.5 * viewport + centre + margin) * 2.0 / (extent + 2.0 * margin) - 1.0, 0.0, 1.0);
}
`;

export const STAR_FRAGMENT = /* glsl */ `
precision highp float;

uniform vec2 viewport;
uniform float density;   // pixels of the target per CSS px

flat in vec2 centre;
flat in vec3 conic;
flat in vec3 peak;
out vec4 added;

void main() {
  vec2 x = gl_FragCoord.xy / density - 0.5 * viewport - centre;
  float q = conic.x * x.x * x.x + 2.0 * conic.y * x.x * x.y + conic.z * x.y * x.y;
  added = vec4(peak * exp(-0.5 * q), 1.0);
}
`;
