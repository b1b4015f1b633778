/** The page that shows a solar system. */
import type { Controls } from "../controls.ts";
import type { Eye } from "../eye.ts";
import type { Moving } from "../moving_places.ts";
import type { Stage } from "../stage.ts";
import type { SolarHost } from "./host.ts";
import type { Solar } from "./solar.ts";

/** What a page knows of the bodies. */
export type Bodies = Moving<Solar>;

/** What the page has for the solar system. */
export interface Orbited extends SolarHost {
  readonly eye: Eye;
  readonly stage: Stage;
  readonly controls: Controls | null;
  bodies: Bodies | null;
  clock: Clock | null;
}

/** The page's clock. */
export interface Clock {
  /** Julian year, UTC. */
  readonly year: number;
  step(now: number): boolean;
  settle(): Promise<void>;
}
