/**
 * From summed light to the screen: the glare that eyes and lenses put around bright light, the tone curve, sRGB.
 *
 * Points of light differ by a factor of a thousand, screens show a few dozen; glare is what makes the bright ones look
 * larger. It moves light and adds none, up to light that no star of the naked-eye sky gives: of what is brighter glare
 * follows a power, so that the disc of glare around a sun that is near grows with its light but slowly.
 */
import { FullScreenPass } from "./gl/full_screen.ts";
import { RenderTarget } from "./gl/textures.ts";

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

const MIX_FRAGMENT = /* glsl */ `
precision highp float;
uniform sampler2D halo;
uniform sampler2D veil;
uniform sampler2D aureole;
uniform vec3 share;      // of the halo, the veil, the aureole
in vec2 at;
out vec4 color;
void main() {
  color = share.x * texture(halo, at) + share.y * texture(veil, at) + share.z * texture(aureole, at);
}
`;

// Tone curve: luminance Y becomes 1 - exp(-Y), monotone and never clipped. Hue is kept; a colour that would leave the
// screen's range at that luminance moves towards white, so bright cores are white and their rims coloured.
const TONE_FRAGMENT = /* glsl */ `
precision highp float;
uniform sampler2D light;
uniform sampler2D glare;
uniform float share;     // of the light that is glare
in vec2 at;
out vec4 color;
const vec3 LUMINANCE = vec3(0.2126, 0.7152, 0.0722);
void main() {
  vec3 sum = (1.0 - share) * min(texelFetch(light, ivec2(gl_FragCoord.xy), 0).rgb, 1e30) + texture(glare, at).rgb;
  float y = dot(sum, LUMINANCE);
  float shown = 1.0 - exp(-y);
  vec3 rgb = sum * (shown / max(y, 1e-6));
  float top = max(rgb.r, max(rgb.g, rgb.b));
  if (top > 1.0) rgb = mix(rgb, vec3(shown), (top - 1.0) / (top - shown));
  vec3 srgb = mix(12.92 * rgb, 1.055 * pow(max(rgb, 1e-6), vec3(1.0 / 2.4)) - 0.055, step(0.0031308, rgb));
  color = vec4(srgb, 1.0);
}
`;

type Pair = readonly [RenderTarget, RenderTarget];

export class PostProcess {
  private readonly shrink: FullScreenPass;
  private readonly blur: FullScreenPass;
  private readonly mix: FullScreenPass;
  private readonly tone: FullScreenPass;
  private readonly halo: Pair;
  private readonly veil: Pair;
  private readonly aureole: Pair;

  constructor(gl: WebGL2RenderingContext) {
    const pair = (): Pair => [new RenderTarget(gl, "RGBA16F"), new RenderTarget(gl, "RGBA16F")];
    this.shrink = new FullScreenPass(gl, SHRINK_FRAGMENT);
    this.blur = new FullScreenPass(gl, BLUR_FRAGMENT);
    this.mix = new FullScreenPass(gl, MIX_FRAGMENT);
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
    const share = [HALO.share, VEIL.share, AUREOLE.share];
    const glare = this.halo[1];
    this.mix.draw(glare, { halo: halo.texture, veil: veil.texture, aureole: aureole.texture, share });
    this.tone.draw(null, { light: light.texture, glare: glare.texture, share: share.reduce((sum, one) => sum + one) });
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
