/** The canvas and what is drawn on it. */
import type { Camera } from "./camera.ts";
import { type LightFormat, RenderTarget, enableFormat } from "./gl/textures.ts";
import { PostProcess } from "./post_process.ts";
import type { SplatStore } from "./splat_store.ts";
import { type ScreenSize, StarPass } from "./star_pass.ts";

/** Denser screens are drawn at this density: more costs time and shows nothing. */
const MAX_DENSITY = 2;
const LIGHT_FORMAT: LightFormat = "RGBA16F";

/** Everything that is on the GPU. */
interface Drawing {
  light: RenderTarget;
  postProcess: PostProcess;
  stars: StarPass | null;
}

export class Stage {
  private readonly gl: WebGL2RenderingContext;
  private drawing: Drawing;
  private store: SplatStore | null = null;
  private screen: ScreenSize = { width: 1, height: 1, density: 1 };

  /** @throws Error saying what the browser lacks. */
  constructor(readonly canvas: HTMLCanvasElement) {
    const gl = canvas.getContext("webgl2", { antialias: false, depth: false, alpha: false });
    if (!gl) throw new Error("This browser offers no WebGL 2, which the stars are drawn with.");
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

  /** Shows the splats of `store`, as they come and go. */
  show(store: SplatStore): void {
    this.store = store;
    this.drawing.stars = new StarPass(this.gl, store);
  }

  /** Fits the picture to the canvas' size on the page. */
  fit(): void {
    const width = Math.max(1, this.canvas.clientWidth);
    const height = Math.max(1, this.canvas.clientHeight);
    const density = Math.min(window.devicePixelRatio, MAX_DENSITY);
    this.screen = { width, height, density };
    this.canvas.width = Math.floor(width * density);
    this.canvas.height = Math.floor(height * density);
    this.drawing.light.resize(this.canvas.width, this.canvas.height);
  }

  draw(camera: Camera, exposure: number): void {
    if (this.gl.isContextLost()) return;
    const { light, postProcess, stars } = this.drawing;
    light.clear();
    stars?.draw(light, camera, this.screen, exposure);
    postProcess.draw(light, this.screen.density);
  }

  /**
   * Linear light of the last frame before glare and tone curve, exposure included: rows from the top, RGB, in device
   * pixels.
   */
  readLight(x: number, y: number, width: number, height: number): Float32Array {
    const { light } = this.drawing;
    const rgba = light.read(x, light.height - y - height, width, height);
    const rgb = new Float32Array(3 * width * height);
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const from = 4 * ((height - 1 - row) * width + column);
        rgb.set(rgba.subarray(from, from + 3), 3 * (row * width + column));
      }
    }
    return rgb;
  }

  /** Puts all that drawing takes on the GPU. @throws Error where it cannot sum light. */
  private prepare(): Drawing {
    const { gl, store } = this;
    if (!enableFormat(gl, LIGHT_FORMAT) && !gl.isContextLost()) {
      throw new Error("This graphics driver cannot draw into 16-bit float pictures, where the stars' light is summed.");
    }
    return {
      light: new RenderTarget(gl, LIGHT_FORMAT),
      postProcess: new PostProcess(gl, LIGHT_FORMAT),
      stars: store && new StarPass(gl, store),
    };
  }
}
