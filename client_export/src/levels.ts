/** Which of its two layers a cell is shown by: exact stars near it, splats from afar, the same light throughout. */
import type { Ball } from "./grid.ts";
import type { LayerName } from "./site.ts";
import { type Vec3, length, sub } from "./vec.ts";

/** The cross-fade from exact stars to splats, in cell radii from the cell's centre. */
const FADE_START = 4.5;
const FADE_END = 5.5;
/** Cells are asked for this much before they are needed, as a factor of distance. */
const LOOK_AHEAD = 1.2;

/** Share of a cell's light that its stars give, 1 within 4.5 radii to 0 from 5.5 on; its splats give the rest. */
export function starShare(ball: Ball, from: Vec3): number {
  const radii = length(sub(from, ball.centre)) / ball.radius;
  return Math.max(0, Math.min(1, (FADE_END - radii) / (FADE_END - FADE_START)));
}

/** The layers that will be wanted of a cell around `from`, of a site that has both. */
export function wantedLayers(ball: Ball, from: Vec3): LayerName[] {
  const radii = length(sub(from, ball.centre)) / ball.radius;
  const wanted: LayerName[] = [];
  if (radii < FADE_END * LOOK_AHEAD) wanted.push("stars");
  if (radii > FADE_START / LOOK_AHEAD) wanted.push("universe");
  return wanted;
}

/** The weight of one layer's light; a layer whose partner is not loaded stands for the whole cell. */
export function layerWeight(layer: LayerName, ball: Ball, from: Vec3, partnerLoaded: boolean): number {
  if (!partnerLoaded) return 1;
  const share = starShare(ball, from);
  return layer === "stars" ? share : 1 - share;
}
