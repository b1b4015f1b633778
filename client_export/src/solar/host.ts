/** What shows a sky, as its solar system knows it. */
import type { Camera } from "../camera.ts";
import type { NamedPlaces } from "../moving_places.ts";

export interface SolarHost {
  readonly camera: Camera;
  readonly names: NamedPlaces | null;
  readonly flying: boolean;
  /** Which parts of the chart are shown, as a link says it. */
  show: string;
  /** How often a link has set the view. */
  readonly jumps: number;
  invalidate(): void;
}
