/**
 * `window.helios`: what tests, and the curious, may use. Positions are barycentric mean ecliptic J2000 metres; pixels
 * are CSS pixels from the top left corner, the centre of the first at 0.5.
 */
import type { App } from "./app.ts";
import { exposureAt } from "./exposure.ts";
import type { Overlay } from "./overlay.ts";
import type { Source } from "./source.ts";
import { raDecOf } from "./sky.ts";
import { parseViewState } from "./view_state.ts";

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
    source: () => source,
    flying: () => app.flying,
    labels: () => app.names?.labels.shown ?? [],
    addOverlay: (overlay) => app.addOverlay(overlay),
    readLight: (x, y, width, height) => stage.readLight(x, y, width, height),
  };
}
