/** Draws bodies into the light of the sky: points, and globes before which nothing behind them is seen. */
import { Program } from "../gl/program.ts";
import { type RenderTarget, drawInto } from "../gl/textures.ts";
import type { ScreenSize } from "../star_pass.ts";
import { type Vec3, dot } from "../vec.ts";
import { REACH_PX, SOFT_PX } from "./globe.ts";
import { RINGS_OUT, RING_GLSL } from "./ring.ts";

const POINT_VERTEX = /* glsl */ `
layout(location = 0) in vec2 place; // CSS px from the middle of the screen
layout(location = 1) in vec3 shine;
uniform vec2 viewport;
uniform float density;
flat out vec2 centre;
flat out vec3 peak;
void main() {
  centre = place;
  peak = shine;
  float brightest = max(shine.r, max(shine.g, shine.b));
  gl_PointSize = ceil(2.0 * density * sqrt(max(2.0, log(brightest * 4000.0))) + 1.0);
  gl_Position = vec4(2.0 * place / viewport, 0.0, 1.0);
}
`;

const POINT_FRAGMENT = /* glsl */ `
precision highp float;
uniform vec2 viewport;
uniform float density;
flat in vec2 centre;
flat in vec3 peak;
out vec4 added;
void main() {
  vec2 away = gl_FragCoord.xy / density - 0.5 * viewport - centre;
  added = vec4(peak * exp(-dot(away, away)), 0.0);
}
`;

const GLOBE_VERTEX = /* glsl */ `
uniform vec2 corner;   // of the picture, from -1 to 1
uniform vec2 opposite;
void main() {
  gl_Position = vec4(mix(corner, opposite, vec2(gl_VertexID & 1, gl_VertexID >> 1)), 0.0, 1.0);
}
`;

// All vectors are along the camera's right, up and forward; lengths of globe and rings are equatorial radii.
const GLOBE_FRAGMENT = /* glsl */ `
precision highp float;
uniform vec2 viewport;   // CSS px
uniform float density;
uniform float focal;
uniform vec3 middle;     // of the globe: CSS px from the middle of the screen, and focal; of one beside it or behind any length
uniform float size;      // radius over distance
uniform float radius;    // px
uniform vec3 pole;
uniform float flatness;  // polar over equatorial radius
uniform vec3 sun;        // from the body, of length 1
uniform vec3 peak;       // where the Sun stands over it
uniform vec3 sheet;      // of a white sheet that faces the Sun; 0 without rings
uniform float share;
out vec4 color;
${RING_GLSL}
// Makes the globe a sphere.
vec3 rounded(vec3 a) {
  return a + pole * dot(pole, a) * (1.0 / flatness - 1.0);
}
void main() {
  vec3 p = vec3(gl_FragCoord.xy / density - 0.5 * viewport, focal) - middle;
  vec3 ray = middle + p;
  float far = length(middle);
  vec3 centre = rounded(middle) / far;
  vec3 bent = rounded(ray);
  vec3 along = normalize(bent);
  // From the centre to the point of the ray that is nearest to it: by products of what is small, as differences would lose it.
  vec3 e = cross(along, cross(rounded(p), centre)) / (length(bent) * size);
  float q = length(e);
  float edge = 1.0 / (1.0 + exp(clamp((q - 1.0) * radius / ${SOFT_PX}, -80.0, 80.0)));
  if (dot(along, centre) <= 0.0) edge = 0.0;
  float z = sqrt(max(1.0 - q * q * radius * radius / (radius * radius + 2.0), 0.0));
  vec3 n = normalize(e - along * z);
  vec3 light = peak * max(dot(normalize(rounded(n)), sun), 0.0);
  vec3 shown = light * edge;
  float cover = edge;
  if (sheet.g > 0.0) {
    vec3 top = n + pole * dot(pole, n) * (flatness - 1.0);
    float over = dot(sun, pole);
    float toRing = -dot(top, pole) / over;
    float blur = max(1.5 / radius, 0.003);
    float mu0 = max(abs(over), 1e-4);
    if (toRing > 0.0) shown *= exp(-ringDepth(length(top + toRing * sun), 0.01) / mu0);
    float tilt = dot(p, pole) / dot(middle, pole);
    vec3 h = (p - tilt * middle) / (far * (1.0 + tilt) * size);
    vec3 view = normalize(ray);
    float mu = max(abs(dot(view, pole)), 1e-4);
    float depth = 1.0 + tilt > 0.0 ? ringDepth(length(h), blur) : 0.0;
    float through = exp(-depth / mu);
    float shade = 1.0;
    vec3 behind = rounded(h);
    vec3 way = normalize(rounded(sun));
    if (dot(h, sun) < 0.0) shade = smoothstep(0.995, 1.005, length(cross(behind, way)));
    vec3 ring = sheet * shade * ringGlow(depth, mu, mu0, over * dot(view, pole) < 0.0);
    bool before = dot(view, h) < dot(view, top);
    shown = before ? shown * through + ring : shown + ring * (1.0 - edge);
    float ringCover = 1.0 - through;
    cover = 1.0 - (1.0 - edge) * (1.0 - ringCover);
  }
  color = vec4(shown, cover) * share;
}
`;

/** The view that is drawn. */
export interface LayerView {
  readonly size: ScreenSize;
  readonly focal: number;
  readonly right: Vec3;
  readonly up: Vec3;
  readonly forward: Vec3;
}

/** A globe, in the axes of the universe. */
export interface Globe {
  /** Unit vector from the camera. */
  readonly to: Vec3;
  /** Radius over distance. */
  readonly size: number;
  readonly pole: Vec3;
  readonly flat: number;
  readonly sun: Vec3;
  readonly peak: Vec3;
  readonly sheet: Vec3;
  readonly share: number;
}

export class Layer {
  private readonly points: Program;
  private readonly globe: Program;
  private readonly vertices: WebGLVertexArrayObject;
  private readonly buffer: WebGLBuffer;

  constructor(private readonly gl: WebGL2RenderingContext) {
    this.points = new Program(gl, POINT_VERTEX, POINT_FRAGMENT);
    this.globe = new Program(gl, GLOBE_VERTEX, GLOBE_FRAGMENT);
    this.vertices = gl.createVertexArray();
    this.buffer = gl.createBuffer();
    gl.bindVertexArray(this.vertices);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 20, 0);
    gl.enableVertexAttribArray(1);
    gl.vertexAttribPointer(1, 3, gl.FLOAT, false, 20, 8);
    gl.bindVertexArray(null);
  }

  /** Adds `count` points to `target`: x and y, CSS px from the middle of the screen, up, and linear RGB of its middle each. */
  drawPoints(target: RenderTarget, { size }: LayerView, values: Float32Array, count: number): void {
    if (count === 0) return;
    const { gl } = this;
    drawInto(gl, target, "add");
    this.points.use({ viewport: [size.width, size.height], density: size.density });
    gl.bindVertexArray(this.vertices);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    gl.bufferData(gl.ARRAY_BUFFER, values.subarray(0, 5 * count), gl.STREAM_DRAW);
    gl.drawArrays(gl.POINTS, 0, count);
    gl.bindVertexArray(null);
  }

  /** Draws a globe over `target`, whose light it hides. */
  drawGlobe(target: RenderTarget, view: LayerView, { to, size, pole, flat, sun, peak, sheet, share }: Globe): void {
    const { gl } = this;
    const { right, up, forward, focal } = view;
    const turned = (a: Vec3): Vec3 => [dot(a, right), dot(a, up), dot(a, forward)];
    const { width, height, density } = view.size;
    const [x, y, depth] = turned(to);
    const reach = sheet[1] > 0 ? RINGS_OUT : 1;
    const half = Math.asin(Math.min(size * reach, 1));
    if (Math.acos(Math.max(-1, Math.min(depth, 1))) - half > 1.45) return;
    // Of one that is beside or behind the camera the place on the screen is far out, or nowhere.
    const ahead = depth > 0.2 && half < 0.6;
    const far = ahead ? focal / depth : focal;
    const middle = [far * x, far * y, ahead ? focal : far * depth];
    const radius = (focal * size) / Math.sqrt(Math.max(1 - size * size, 1e-3));
    const box = ahead ? (2 * radius * reach) / depth ** 2 + REACH_PX + 2 : 1e9;
    const [[x0, x1], [y0, y1]] = [width, height].map((full, axis) =>
      [-1, 1].map((side) => Math.max(-1, Math.min((2 * (middle[axis] + side * box)) / full, 1))),
    );
    if (x1 <= x0 || y1 <= y0) return;
    drawInto(gl, target, "add");
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.globe.use({
      corner: [x0, y0],
      opposite: [x1, y1],
      viewport: [width, height],
      density,
      focal,
      middle,
      size,
      radius,
      pole: turned(pole),
      flatness: flat,
      sun: turned(sun),
      peak,
      sheet,
      share,
    });
    gl.bindVertexArray(null);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  }
}
