/** The canvas and what is drawn on it. */
import type { Camera } from "./camera.ts";
import { type LightFormat, RenderTarget, enableFormat } from "./gl/textures.ts";
import type { Discs } from "./discs.ts";
import type { Extents } from "./extent.ts";
import { FullScreenPass } from "./gl/full_screen.ts";
import { type GlowMap, GlowPass } from "./glow_pass.ts";
import { PostProcess } from "./post_process.ts";
import type { SplatStore } from "./splat_store.ts";
import { type ScreenSize, type SplatTarget, StarPass } from "./star_pass.ts";
import { TEXT } from "./text/text.ts";

/** Denser screens are drawn at this density: more costs time and shows nothing. */
const MAX_DENSITY = 2;
/** Where the driver adds into them light is summed in floats: half floats lose a quarter of a magnitude of a crowd. */
const FORMATS: readonly LightFormat[] = ["RGBA32F", "RGBA16F"];

/** Half floats end at 65504; a star that is brighter still is white from edge to edge. */
const MOST_HALF = 6e4;

/**
 * Wide splats go into smaller pictures, which are added up: at full size a few hundred of them cost more than all stars.
 * From which standard deviation on, CSS px, and how many pixels of the screen a pixel is wide.
 */
const WIDE = [
  { from: 4, shrink: 4 },
  { from: 16, shrink: 16 },
];

const ADD_FRAGMENT = /* glsl */ `
precision highp float;
uniform sampler2D wide;
uniform sampler2D widest;
uniform vec2 shareOfWide;    // that the screen covers
uniform vec2 shareOfWidest;
in vec2 at;
out vec4 color;
void main() {
  color = texture(wide, at * shareOfWide) + texture(widest, at * shareOfWidest);
}
`;

/** What is shown. */
export interface Shown {
  store: SplatStore;
  /** Read when it is first drawn, and again after the GPU was lost. */
  glow: GlowMap | null;
  /** Of the glow's light. */
  glowWeight: number;
}

/** Everything that is on the GPU. */
interface Drawing {
  light: RenderTarget;
  /** No splat gives a pixel more. */
  most: number;
  targets: SplatTarget[];
  add: FullScreenPass;
  postProcess: PostProcess;
  stars: StarPass;
  glow: GlowPass;
  layer: Layer | undefined;
}

/** Draws more into the light of a frame. */
type Layer = (target: RenderTarget, camera: Camera, size: ScreenSize, exposure: number) => void;
/** Makes one for a GPU, of which a pixel takes so much light at most. */
type MakeLayer = (gl: WebGL2RenderingContext, most: number) => Layer;

export class Stage {
  private readonly gl: WebGL2RenderingContext;
  /** What the last frame was drawn with. */
  drawing: Drawing;
  private sky: Shown | null = null;
  private discs: typeof Discs | null = null;
  private makeLayer: MakeLayer | null = null;
  /** Where cells are, once that is asked for. */
  extents: Extents | null = null;
  private screen: ScreenSize = { width: 1, height: 1, density: 1 };

  /** @throws Error saying what the browser lacks. */
  constructor(readonly canvas: HTMLCanvasElement) {
    const gl = canvas.getContext("webgl2", { antialias: false, depth: false, alpha: false });
    if (!gl) throw new Error(TEXT.gpu.none);
    this.gl = gl;
    this.drawing = this.prepare();
    // A browser may take the GPU away, for a while, with all that is on it; it gives it back to those who ask for that.
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => {
      this.drawing = this.prepare();
      this.fit();
    });
    this.fit();
  }

  /** CSS pixels and density of the view. */
  get size(): ScreenSize {
    return this.screen;
  }

  /** Shows `sky`, which may go on changing. */
  show(sky: Shown): void {
    this.sky = sky;
    this.drawing.stars.show(sky.store);
  }

  /** Draws near stars as discs from now on. */
  showDiscs(discs: typeof Discs): void {
    this.discs = discs;
    this.drawing.stars.discs = new discs(this.gl, this.drawing.most);
  }

  /** Draws a layer over the light of the sky from now on. */
  showLayer(make: MakeLayer): void {
    this.makeLayer = make;
    this.drawing.layer = make(this.gl, this.drawing.most);
  }

  /** Fits the picture to `size`, or to the canvas' own on the page. */
  fit(size?: ScreenSize): void {
    const { clientWidth, clientHeight } = this.canvas;
    this.screen = size ?? {
      width: Math.max(1, clientWidth),
      height: Math.max(1, clientHeight),
      density: Math.min(window.devicePixelRatio, MAX_DENSITY),
    };
    const { width, height, density } = this.screen;
    this.canvas.width = Math.floor(width * density);
    this.canvas.height = Math.floor(height * density);
    for (const { target, shrink } of this.drawing.targets) {
      target.resize(Math.ceil(this.canvas.width / shrink), Math.ceil(this.canvas.height / shrink));
    }
  }

  draw(camera: Camera, exposure: number): void {
    if (this.gl.isContextLost()) return;
    const { drawing, screen, sky } = this;
    const { light, targets, add, postProcess, stars, glow } = drawing;
    for (const { target } of targets) target.clear();
    stars.draw(targets, camera, screen, exposure, this.extents);
    const glows = sky?.glow && sky.glowWeight > 0 ? sky.glow : null;
    if (glows && sky) glow.draw(glows, targets[1], camera, screen, exposure * sky.glowWeight);
    if (glows || stars.isWide) {
      const [shareOfWide, shareOfWidest] = targets
        .slice(1)
        .map(({ target, shrink }) => [light.width / shrink / target.width, light.height / shrink / target.height]);
      const [wide, widest] = targets.slice(1).map(({ target }) => target.texture);
      add.draw(light, { wide, widest, shareOfWide, shareOfWidest }, "add");
    }
    drawing.layer?.(light, camera, screen, exposure);
    postProcess.draw(light, screen.density);
  }

  /** Puts all that drawing takes on the GPU. @throws Error where it cannot sum light. */
  private prepare(): Drawing {
    const { gl, sky } = this;
    const format = FORMATS.find((each) => enableFormat(gl, each)) ?? "RGBA16F";
    if (!enableFormat(gl, "RGBA16F") && !gl.isContextLost()) {
      throw new Error(TEXT.gpu.floats);
    }
    const light = new RenderTarget(gl, format);
    const targets = [{ target: light, shrink: 1, from: 0, to: WIDE[0].from }];
    WIDE.forEach(({ from, shrink }, i) => {
      targets.push({ target: new RenderTarget(gl, format), shrink, from, to: WIDE[i + 1]?.from ?? 1e9 });
    });
    const most = format === "RGBA32F" ? 1e30 : MOST_HALF;
    const stars = new StarPass(gl, most);
    if (this.discs) stars.discs = new this.discs(gl, most);
    if (sky) stars.show(sky.store);
    const postProcess = new PostProcess(gl, format);
    return {
      light,
      most,
      targets,
      add: new FullScreenPass(gl, ADD_FRAGMENT),
      postProcess,
      stars,
      glow: new GlowPass(gl),
      layer: this.makeLayer?.(gl, most),
    };
  }
}
