/**
 * From summed light to the screen: the glare that eyes and lenses put around bright light, the tone curve, sRGB.
 *
 * Points of light differ by a factor of a thousand, screens show a few dozen; glare is what makes the bright ones look
 * larger. It moves light and adds none, up to light that no star of the naked-eye sky gives: of what is brighter glare
 * follows a power, so that the disc of glare around a sun that is near grows with its light but slowly. `helios/pictures/tone.py` has the same
 * numbers and steps.
 */
import { FullScreenPass } from "./gl/full_screen.ts";
import { type LightFormat, RenderTarget } from "./gl/textures.ts";

/** The rings of the glare: share of all light, standard deviation in CSS pixels. */
const HALO = { share: 0.22, sigmaPx: 1.9 };
const VEIL = { share: 0.03, sigmaPx: 8 };
/** Seen only around what is brighter than any star of the naked-eye sky: without it a sun from near is a flat disc. */
const AUREOLE = { share: 0.006, sigmaPx: 30 };
/** Light of a pixel from which on its glare follows a power: a thousand times that of a faint star of the naked eye. */
const KNEE = 2000;
/** Each ring is made from a picture this much smaller than the one before. */
const SHRINK = 2;

// At half the size a bilinear tap at a texel's middle is the mean of the four texels under it.
const SHRINK_FRAGMENT = /* glsl */ `
precision highp float;
uniform sampler2D source;
uniform float knee;      // brighter light gives glare by a power
in vec2 at;
out vec4 color;
void main() {
  color = min(texture(source, at), 1e30);
  float top = max(color.r, max(color.g, color.b));
  if (top > knee) color *= min(knee * pow(top / knee, 0.2), 65000.0) / top;
}
`;

const BLUR_FRAGMENT = /* glsl */ `
precision highp float;
uniform sampler2D source;
uniform vec2 texel;      // one step along the blur
uniform float sigma;     // steps
in vec2 at;
out vec4 color;
void main() {
  // Two texels on either side at a time, by one bilinear tap between them. A weight is the last one's times a step, which
  // gets smaller by a factor each time.
  float factor = exp(-1.0 / (sigma * sigma));
  float step = sqrt(factor);
  float weight = 1.0;
  vec4 sum = texture(source, at);
  float total = 1.0;
  for (float i = 1.0; i < 4.0 * sigma + 1.0; i += 2.0) {
    float first = weight * step;
    step *= factor;
    weight = first * step;
    step *= factor;
    float both = first + weight;
    vec2 off = (i + weight / both) * texel;
    sum += both * (texture(source, at + off) + texture(source, at - off));
    total += 2.0 * both;
  }
  color = sum / total;
}
`;

const WIDER_FRAGMENT = /* glsl */ `
precision highp float;
uniform sampler2D wider; // ring
uniform float share;     // of it, the light of the ring that it is added to being 1
in vec2 at;
out vec4 color;
void main() {
  color = share * texture(wider, at);
}
`;

// Tone curve: luminance Y becomes 1 - exp(-Y), monotone and never clipped. Hue is kept; a colour that would leave the
// screen's range at that luminance moves towards white, so bright cores are white and their rims coloured. The power of sRGB is
// made of roots, to 0.012 levels of 255: for every pixel of every frame powers would cost more than most stars.
const TONE_FRAGMENT = /* glsl */ `
precision highp float;
uniform sampler2D light;
uniform sampler2D glare;
uniform vec2 share;      // of the light that is glare, and that is in its innermost ring
in vec2 at;
out vec4 color;
const vec3 LUMINANCE = vec3(0.2126, 0.7152, 0.0722);
void main() {
  vec3 sum = (1.0 - share.x) * min(texelFetch(light, ivec2(gl_FragCoord.xy), 0).rgb, 1e30) + share.y * texture(glare, at).rgb;
  float y = dot(sum, LUMINANCE);
  float shown = 1.0 - exp(-y);
  vec3 rgb = sum * (shown / max(y, 1e-6));
  float top = max(rgb.r, max(rgb.g, rgb.b));
  if (top > 1.0) rgb = mix(rgb, vec3(shown), (top - 1.0) / (top - shown));
  vec3 root = sqrt(rgb);
  vec3 root4 = sqrt(root);
  vec3 curve = 0.642364 * root + 0.712112 * root4 - 0.336871 * sqrt(root4) - 0.017562 * rgb;
  vec3 srgb = mix(12.92 * rgb, curve, step(0.0031308, rgb));
  color = vec4(srgb, 1.0);
}
`;

type Pair = readonly [RenderTarget, RenderTarget];

export class PostProcess {
  private readonly shrink: FullScreenPass;
  private readonly blur: FullScreenPass;
  private readonly wider: FullScreenPass;
  private readonly tone: FullScreenPass;
  private readonly halo: Pair;
  private readonly veil: Pair;
  private readonly aureole: Pair;

  /** `format`: that of the light, which must have been enabled; where a program reads it half floats cost twice as much. */
  constructor(gl: WebGL2RenderingContext, format: LightFormat) {
    const pair = (): Pair => [new RenderTarget(gl, format), new RenderTarget(gl, format)];
    this.shrink = new FullScreenPass(gl, SHRINK_FRAGMENT);
    this.blur = new FullScreenPass(gl, BLUR_FRAGMENT);
    this.wider = new FullScreenPass(gl, WIDER_FRAGMENT);
    this.tone = new FullScreenPass(gl, TONE_FRAGMENT);
    this.halo = pair();
    this.veil = pair();
    this.aureole = pair();
  }

  /** Draws what `light` holds to the screen. `density`: device pixels per CSS pixel. */
  draw(light: RenderTarget, density: number): void {
    const halo = this.spread(light, this.halo, (HALO.sigmaPx * density) / SHRINK, KNEE);
    const further = (to: number, from: number) => Math.sqrt(to ** 2 - from ** 2) * density; // variances of blurs add
    const veil = this.spread(halo, this.veil, further(VEIL.sigmaPx, HALO.sigmaPx) / SHRINK ** 2);
    const aureole = this.spread(veil, this.aureole, further(AUREOLE.sigmaPx, VEIL.sigmaPx) / SHRINK ** 3);
    this.wider.draw(veil, { wider: aureole.texture, share: AUREOLE.share / VEIL.share }, "add");
    this.wider.draw(halo, { wider: veil.texture, share: VEIL.share / HALO.share }, "add");
    const share = [HALO.share + VEIL.share + AUREOLE.share, HALO.share];
    this.tone.draw(null, { light: light.texture, glare: halo.texture, share });
  }

  /** `source` shrunk and blurred by `sigma` of the smaller picture's pixels, in the first of `targets`. */
  private spread(source: RenderTarget, targets: Pair, sigma: number, knee = 1e9): RenderTarget {
    const width = Math.ceil(source.width / SHRINK);
    const height = Math.ceil(source.height / SHRINK);
    for (const target of targets) target.resize(width, height);
    const [one, two] = targets;
    this.shrink.draw(one, { source: source.texture, knee });
    this.blur.draw(two, { source: one.texture, texel: [1 / width, 0], sigma });
    this.blur.draw(one, { source: two.texture, texel: [0, 1 / height], sigma });
    return one;
  }
}
