/** What is drawn over the sky: names, the destination, the line of the place; later figures and orbits. */
import type { Camera } from "./camera.ts";
import type { ScreenSize } from "./star_pass.ts";

/** The view that the frame just drawn shows. */
export interface Frame {
  camera: Camera;
  size: ScreenSize;
  /** The camera does not move: the next frame comes only when something changes. */
  atRest: boolean;
}

/** An area of the screen, CSS pixels from the top left corner. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Something over the sky. `draw` follows every frame of the sky, and nothing else asks for it. */
export interface Overlay {
  draw(frame: Frame): void;
}
