/**
 * From summed light to the screen: the glare that eyes and lenses put around bright light, the tone curve, sRGB.
 *
 * Points of light differ by a factor of a thousand, screens show a few dozen; glare is what makes the bright ones look
 * larger. It moves light and adds none.
 */
import {
  BufferAttribute,
  BufferGeometry,
  Camera as ThreeCamera,
  GLSL3,
  HalfFloatType,
  type IUniform,
  LinearFilter,
  Mesh,
  NoBlending,
  RawShaderMaterial,
  type Texture,
  Vector2,
  Vector3,
  type WebGLRenderer,
  WebGLRenderTarget,
} from "three";

/** The rings of the glare: share of all light, standard deviation in CSS pixels. */
const HALO = { share: 0.22, sigmaPx: 1.9 };
const VEIL = { share: 0.03, sigmaPx: 8 };
/** Seen only around what is brighter than any star of the naked-eye sky: without it a sun from near is a flat disc. */
const AUREOLE = { share: 0.006, sigmaPx: 30 };
/** Each ring is made from a picture this much smaller than the one before. */
const SHRINK = 2;

const FULL_SCREEN_VERTEX = /* glsl */ `
precision highp float;
in vec3 position;
out vec2 at;
void main() {
  at = 0.5 * position.xy + 0.5;
  gl_Position = vec4(position.xy, 0.0, 1.0);
}
`;

// At half the size a bilinear tap at a texel's middle is the mean of the four texels under it.
const SHRINK_FRAGMENT = /* glsl */ `
precision highp float;
uniform sampler2D source;
in vec2 at;
out vec4 color;
void main() {
  color = min(texture(source, at), 65000.0);
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
  int reach = int(ceil(4.0 * sigma));
  vec4 sum = vec4(0.0);
  float total = 0.0;
  for (int i = -reach; i <= reach; i++) {
    float weight = exp(-0.5 * float(i * i) / (sigma * sigma));
    sum += weight * texture(source, at + float(i) * texel);
    total += weight;
  }
  color = sum / total;
}
`;

// Tone curve: luminance Y becomes 1 - exp(-Y), monotone and never clipped. Hue is kept; a colour that would leave the
// screen's range at that luminance moves towards white, so bright cores are white and their rims coloured.
const TONE_FRAGMENT = /* glsl */ `
precision highp float;
uniform sampler2D light;
uniform sampler2D halo;
uniform sampler2D veil;
uniform sampler2D aureole;
uniform vec3 share;      // of the halo, the veil, the aureole
in vec2 at;
out vec4 color;
const vec3 LUMINANCE = vec3(0.2126, 0.7152, 0.0722);
void main() {
  vec3 sum = (1.0 - share.x - share.y - share.z) * min(texture(light, at).rgb, 65000.0)
    + share.x * texture(halo, at).rgb + share.y * texture(veil, at).rgb + share.z * texture(aureole, at).rgb;
  float y = dot(sum, LUMINANCE);
  float shown = 1.0 - exp(-y);
  vec3 rgb = sum * (shown / max(y, 1e-6));
  float top = max(rgb.r, max(rgb.g, rgb.b));
  if (top > 1.0) rgb = mix(rgb, vec3(shown), (top - 1.0) / (top - shown));
  vec3 srgb = mix(12.92 * rgb, 1.055 * pow(max(rgb, 1e-6), vec3(1.0 / 2.4)) - 0.055, step(0.0031308, rgb));
  color = vec4(srgb, 1.0);
}
`;

export class PostProcess {
  private readonly shrink = new FullScreenPass(SHRINK_FRAGMENT, { source: { value: null } });
  private readonly blur = new FullScreenPass(BLUR_FRAGMENT, {
    source: { value: null },
    texel: { value: new Vector2() },
    sigma: { value: 1 },
  });
  private readonly tone = new FullScreenPass(TONE_FRAGMENT, {
    light: { value: null },
    halo: { value: null },
    veil: { value: null },
    aureole: { value: null },
    share: { value: new Vector3(HALO.share, VEIL.share, AUREOLE.share) },
  });
  private readonly halo = [lightTarget(1, 1), lightTarget(1, 1)] as const;
  private readonly veil = [lightTarget(1, 1), lightTarget(1, 1)] as const;
  private readonly aureole = [lightTarget(1, 1), lightTarget(1, 1)] as const;

  /** Draws what `light` holds to the screen. `density`: device pixels per CSS pixel. */
  draw(renderer: WebGLRenderer, light: WebGLRenderTarget, density: number): void {
    const halo = this.spread(renderer, light, this.halo, (HALO.sigmaPx * density) / SHRINK);
    const further = (to: number, from: number) => Math.sqrt(to ** 2 - from ** 2) * density; // variances of blurs add
    const veil = this.spread(renderer, halo, this.veil, further(VEIL.sigmaPx, HALO.sigmaPx) / SHRINK ** 2);
    const aureole = this.spread(renderer, veil, this.aureole, further(AUREOLE.sigmaPx, VEIL.sigmaPx) / SHRINK ** 3);
    const { uniforms } = this.tone;
    uniforms.light.value = light.texture;
    uniforms.halo.value = halo.texture;
    uniforms.veil.value = veil.texture;
    uniforms.aureole.value = aureole.texture;
    this.tone.draw(renderer, null);
  }

  /** `source` shrunk and blurred by `sigma` of the smaller picture's pixels, in the first of `targets`. */
  private spread(
    renderer: WebGLRenderer,
    source: WebGLRenderTarget,
    targets: readonly [WebGLRenderTarget, WebGLRenderTarget],
    sigma: number,
  ): WebGLRenderTarget {
    const width = Math.ceil(source.width / SHRINK);
    const height = Math.ceil(source.height / SHRINK);
    const [one, two] = targets;
    if (one.width !== width || one.height !== height) for (const target of targets) target.setSize(width, height);
    this.shrink.uniforms.source.value = source.texture;
    this.shrink.draw(renderer, one);
    this.blur.uniforms.sigma.value = sigma;
    this.blurInto(renderer, one.texture, 1 / width, 0, two);
    this.blurInto(renderer, two.texture, 0, 1 / height, one);
    return one;
  }

  private blurInto(renderer: WebGLRenderer, source: Texture, x: number, y: number, target: WebGLRenderTarget): void {
    this.blur.uniforms.source.value = source;
    this.blur.uniforms.texel.value.set(x, y);
    this.blur.draw(renderer, target);
  }
}

/** A target that holds summed light: RGBA16F. */
export function lightTarget(width: number, height: number): WebGLRenderTarget {
  return new WebGLRenderTarget(width, height, {
    type: HalfFloatType,
    minFilter: LinearFilter,
    magFilter: LinearFilter,
    depthBuffer: false,
    stencilBuffer: false,
  });
}

/** One triangle that covers the target. */
class FullScreenPass {
  readonly uniforms: Record<string, IUniform>;
  private readonly mesh: Mesh;
  private readonly unused = new ThreeCamera();

  constructor(fragmentShader: string, uniforms: Record<string, IUniform>) {
    this.uniforms = uniforms;
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(new Float32Array([-1, -1, 0, 3, -1, 0, -1, 3, 0]), 3));
    const material = new RawShaderMaterial({
      glslVersion: GLSL3,
      vertexShader: FULL_SCREEN_VERTEX,
      fragmentShader,
      uniforms,
      depthTest: false,
      depthWrite: false,
      blending: NoBlending,
    });
    this.mesh = new Mesh(geometry, material);
    this.mesh.frustumCulled = false;
  }

  draw(renderer: WebGLRenderer, target: WebGLRenderTarget | null): void {
    renderer.setRenderTarget(target);
    renderer.render(this.mesh, this.unused);
  }
}
