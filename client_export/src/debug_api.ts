/**
 * `window.helios`: what tests, and the curious, may use. Positions are barycentric mean ecliptic J2000 metres; pixels
 * are CSS pixels from the top left corner, the centre of the first at 0.5.
 */
import type { App } from "./app.ts";
import { exposureAt } from "./exposure.ts";
import type { Overlay } from "./overlay.ts";
import type { Source } from "./source.ts";
import { raDecOf } from "./sky.ts";
import type { Stage } from "./stage.ts";
import { parseViewState } from "./view_state.ts";

/** How many splats the GPU is given in a frame: those that are in view, and some that are not. */
export interface Drawn {
  stars: number;
  /** What is no point. */
  soft: number;
  /** Those of the soft that may be wide. */
  wide: number;
}

export interface HeliosApi {
  /** Resolves when the first view is loaded and drawn, and all else is there; rejects when nothing can be shown. */
  ready: Promise<void>;
  /** Texts of the messages that the page has shown. */
  problems: readonly string[];
  /** Position, look (ICRS ra, dec in degrees), vertical field of view (degrees) exposure E, and whether that follows the light. */
  view(): { pos: readonly number[]; look: { ra: number; dec: number }; fov: number; exposure: number; auto: boolean };
  /** Goes to the view that a link's text names (`pos=...&look=...`), loads what it needs and draws it. */
  go(state: string): Promise<void>;
  /** Where a point lies in the picture; null behind the camera. */
  project(x: number, y: number, z: number): { x: number; y: number } | null;
  /** How much is loaded. */
  loaded(): { cells: number; splats: number };
  /** What the last frame drew. */
  drawn(): Drawn;
  /** Draws all that is loaded from now on, in view or not, to compare with. */
  drawAll(): void;
  /** Where the splats come from, and how much of it is shown. */
  source(): Source;
  /** Whether a flight to a place is under way. */
  flying(): boolean;
  /** Names on the sky. */
  labels(): string[];
  /** Draws something more over the sky, after every frame: a function of the camera and the size of the view. */
  addOverlay(overlay: Overlay): void;
  /** Linear light, E included, before glare and tone curve: RGB rows from the top of a box in device pixels. */
  readLight(x: number, y: number, width: number, height: number): Float32Array;
}

declare global {
  interface Window {
    /** All of it once `ready` is. */
    helios: Pick<HeliosApi, "ready" | "problems"> & Partial<HeliosApi>;
  }
}

/** What the API offers once there is an `app`. */
export function apiOf(app: App): Omit<HeliosApi, "ready" | "problems"> {
  const { camera, stage, source } = app;
  return {
    view: () => {
      const { ev, auto } = app;
      return {
        pos: camera.position,
        look: raDecOf(camera.forward),
        fov: camera.fovDeg,
        exposure: exposureAt(ev),
        auto,
      };
    },
    go: async (text) => {
      app.goTo(parseViewState(text));
      await app.settle();
    },
    project: (x, y, z) => camera.project([x, y, z], stage.size.width, stage.size.height),
    loaded: () => ({ cells: source.store.cells.size, splats: source.store.count }),
    drawn: () => drawnBy(stage),
    drawAll: () => {
      stage.extents = null;
      for (const cell of source.store.cells) cell.ball = { ...cell.ball, radius: 1e300 };
      app.invalidate();
    },
    source: () => source,
    flying: () => app.flying,
    labels: () => app.names?.labels.shown ?? [],
    addOverlay: (overlay) => app.addOverlay(overlay),
    readLight: (...box) => readLight(stage, ...box),
  };
}

function drawnBy({ drawing }: Stage): Drawn {
  const drawn = { stars: 0, soft: 0, wide: 0 };
  const { far, near } = drawing.stars.shown ?? {};
  for (const tables of [far, near]) {
    drawn.stars += tables?.points.splats[0] ?? 0;
    drawn.soft += tables?.soft.splats[0] ?? 0;
    drawn.wide += tables?.soft.splats[1] ?? 0;
  }
  return drawn;
}

function readLight({ canvas, drawing }: Stage, x: number, y: number, width: number, height: number): Float32Array {
  const gl = canvas.getContext("webgl2") as WebGL2RenderingContext; // the one that the stage draws with
  const rgba = new Float32Array(4 * width * height);
  gl.bindFramebuffer(gl.FRAMEBUFFER, drawing.light.framebuffer);
  gl.readPixels(x, drawing.light.height - y - height, width, height, gl.RGBA, gl.FLOAT, rgba);
  const rgb = new Float32Array(3 * width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = 4 * ((height - 1 - row) * width + column);
      rgb.set(rgba.subarray(from, from + 3), 3 * (row * width + column));
    }
  }
  return rgb;
}
