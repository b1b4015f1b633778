/** The canvas and what is drawn on it. */
import { DataUtils, WebGLRenderer, type WebGLRenderTarget } from "three";
import type { Camera } from "./camera.ts";
import { PostProcess, lightTarget } from "./post_process.ts";
import type { SplatStore } from "./splat_store.ts";
import { type ScreenSize, StarPass } from "./star_pass.ts";

/** Denser screens are drawn at this density: more costs time and shows nothing. */
const MAX_DENSITY = 2;

export class Stage {
  private readonly renderer: WebGLRenderer;
  private readonly light: WebGLRenderTarget = lightTarget(1, 1);
  private readonly postProcess = new PostProcess();
  private stars: StarPass | null = null;
  private screen: ScreenSize = { width: 1, height: 1, density: 1 };

  /** @throws Error saying what the browser lacks. */
  constructor(readonly canvas: HTMLCanvasElement) {
    const context = canvas.getContext("webgl2", { antialias: false, depth: false, alpha: false });
    if (!context) throw new Error("This browser offers no WebGL 2, which the stars are drawn with.");
    if (!context.getExtension("EXT_color_buffer_float") && !context.getExtension("EXT_color_buffer_half_float")) {
      throw new Error("This graphics driver cannot draw into 16-bit float pictures, where the stars' light is summed.");
    }
    this.renderer = new WebGLRenderer({ canvas, context });
    this.renderer.setClearColor(0x000000, 0);
    this.fit();
  }

  /** CSS pixels and density of the view. */
  get size(): ScreenSize {
    return this.screen;
  }

  /** Shows the splats of `store`, which may go on growing. */
  show(store: SplatStore, maxCells: number): void {
    this.stars = new StarPass(store, maxCells);
  }

  /** Fits the picture to the canvas' size on the page. */
  fit(): void {
    const width = Math.max(1, this.canvas.clientWidth);
    const height = Math.max(1, this.canvas.clientHeight);
    const density = Math.min(window.devicePixelRatio, MAX_DENSITY);
    this.screen = { width, height, density };
    this.renderer.setPixelRatio(density);
    this.renderer.setSize(width, height, false);
    this.light.setSize(this.canvas.width, this.canvas.height);
  }

  draw(camera: Camera, exposure: number): void {
    this.renderer.setRenderTarget(this.light);
    this.renderer.clear();
    this.stars?.draw(this.renderer, camera, this.screen, exposure);
    this.postProcess.draw(this.renderer, this.light, this.screen.density);
  }

  /**
   * Linear light of the last frame before glare and tone curve, exposure included: rows from the top, RGB, in device
   * pixels.
   */
  readLight(x: number, y: number, width: number, height: number): Float32Array {
    const halves = new Uint16Array(4 * width * height);
    const bottom = this.light.height - y - height;
    this.renderer.readRenderTargetPixels(this.light, x, bottom, width, height, halves);
    const rgb = new Float32Array(3 * width * height);
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const from = 4 * ((height - 1 - row) * width + column);
        const to = 3 * (row * width + column);
        for (let channel = 0; channel < 3; channel++)
          rgb[to + channel] = DataUtils.fromHalfFloat(halves[from + channel]);
      }
    }
    return rgb;
  }
}
