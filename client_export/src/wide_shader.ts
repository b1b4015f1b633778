/**
 * Wide splats, also those that the camera is in, without any projection: the Gaussian of a splat along the ray of a pixel.
 *
 * With the centre at p, the ray u and both in units of the splat's standard deviation, it adds, at exposure E,
 *
 *     E tau F(|p|) exp(-|p x u|^2 / 2 |u|^2) Phi(p.u / |u|)
 *
 * Phi, the cumulative normal distribution, is the share of the Gaussian that lies before the camera. Over the sphere that
 * is 2 pi tau F(t) g(t), t = |p|, where g(t) = int_0^1 exp(t^2 (v^2 - 1) / 2) dv is sigma^2 times the mean of 1 / r^2 in a
 * Gaussian t sigma away: 1 in its centre. F makes it the light that the law gives, 2 pi tau / max(1, t^2). Flattened splats
 * (EWA) would smear light into views that they are far from, and cut what is beside the camera.
 *
 * What stands for stars is multiplied by the cube of the cosine of the angle of the pixel from the axis: `star_shader.ts`.
 *
 * It is drawn into a smaller picture, whose pixels are interpolated when it is added to the large one. That spreads light by
 * a sixth of the square of its pixels, so the splat is narrower by as much.
 */
import { SPLAT_GLSL } from "./star_shader.ts";

export const WIDE_VERTEX = /* glsl */ `${SPLAT_GLSL}
flat out vec3 centre;    // p
flat out vec3 rightRay;  // of a CSS px
flat out vec3 upRay;
flat out vec3 axisRay;
flat out float power;    // of the cosine

void main() {
  if (!findSplat()) return;
  power = 3.0 * even;
  float d2 = dot(p, p);
  // A pixel's filter, radians^2: on the axis, and less beside it.
  float filter2 = epsilon / (focal * focal) * pow(max(p.z * p.z / d2, 0.25), 1.5);
  float wider = 1.0 + filter2 / angular2;
  for (int i = 0; i < 3; i++) sigma[i][i] += filter2 * d2;
  // Cholesky: sigma = L L', and L^-1 makes lengths standard deviations.
  float a = sqrt(sigma[0][0]);
  vec2 b = sigma[0].yz / a;
  float c = sqrt(sigma[1][1] - b.x * b.x);
  float d = (sigma[1][2] - b.x * b.y) / c;
  mat3 scaled = inverse(mat3(a, b, 0.0, c, d, 0.0, 0.0, sqrt(sigma[2][2] - b.y * b.y - d * d)));
  centre = scaled * to;
  rightRay = scaled * right;
  upRay = scaled * up;
  axisRay = scaled * forward * focal;

  float t2 = dot(centre, centre);
  float s = 8.0 / (8.0 + t2);
  // g (1 + t^2), to 0.3 %.
  float g = 1.0 + s * (1.0 - s) * (0.178 + s * (2.25 + s * (-11.012 + s * (32.314 - 18.588 * s))));
  if (!findPeak(weight * (1.0 + t2) / (max(1.0, t2) * g * wider))) return;

  // The box around the ball that it is drawn in, with 99.97 % of its light and more; all of the view where that reaches beside the camera.
  float size = sqrt(max(sigma[0][0], max(sigma[1][1], sigma[2][2])));
  float reach = size * sqrt(max(16.0, fallen));
  vec2 edge = extent - 0.5 * viewport;
  bool beside = any(greaterThan(focal * abs(p.xy), edge * p.z + reach * sqrt(focal * focal + edge * edge)));
  if (beside || p.z < -reach) return;
  float depth2 = p.z * p.z - reach * reach;
  vec2 at = quadCorner();
  if (p.z > reach && depth2 > 1e-4 * d2) {
    at = focal * (p.xy * p.z + at * reach * sqrt(p.xy * p.xy + depth2)) / depth2;
    at = clamp((0.5 * viewport + at) * 2.0 / extent - 1.0, -1.0, 1.0);
  }
  gl_Position = vec4(at, 0.0, 1.0);
}
`;

export const WIDE_FRAGMENT = /* glsl */ `
precision highp float;

uniform vec2 viewport;
uniform float density;   // pixels of the target per CSS px
uniform float focal;     // CSS px

flat in vec3 centre;
flat in vec3 rightRay;
flat in vec3 upRay;
flat in vec3 axisRay;
flat in vec3 peak;
flat in float power;
out vec4 added;

void main() {
  vec2 x = gl_FragCoord.xy / density - 0.5 * viewport;
  vec3 ray = normalize(x.x * rightRay + x.y * upRay + axisRay);
  vec3 beside = cross(centre, ray);
  float before = clamp(dot(centre, ray), -9.0, 9.0);
  float share = 1.0 / (1.0 + exp(-before * (1.5976 + 0.070566 * before * before)));
  added = vec4(peak * share * pow(focal / length(vec3(x, focal)), power) * exp(-0.5 * dot(beside, beside)), 1.0);
}
`;
