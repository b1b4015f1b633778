/** Flights to stars as a visitor makes them: how much of a star's light is there when one arrives, and what changed on the way. */
import { Camera } from "../src/camera.ts";
import { Flight } from "../src/flight.ts";
import type { TreeSource } from "../src/tree/source.ts";
import { type Vec3, length } from "../src/vec.ts";
import { type Lights, SIDE, SIZE, shownOf } from "./drawing.ts";
import { type SlowServer, picture, seen } from "./flights.ts";

const FRAME_MS = 1000 / 60;
/** How often a moving camera asks for tiles, as `App` has it. */
const LOAD_EVERY = 12;
/** Frames after the arrival that a star is waited for. */
const MOST_LATE = 600;
/** A star is found by its place to this share of its distance from the Sun, which float32 rounds. */
const SAME = 1e-6;

/** The place of light `i`. */
export const placeOf = ({ place }: Lights, i: number): Vec3 => [place[3 * i], place[3 * i + 1], place[3 * i + 2]];

/** The light of star `i` of `stars` that `source` shows as a star, as a share of its own. */
export function shareShown(source: TreeSource, stars: Lights, i: number): number {
  const { count, place, luminosity, sigma } = shownOf(source.store);
  const at = placeOf(stars, i);
  let shown = 0;
  for (let k = 0; k < count; k++) {
    const to = Math.hypot(place[3 * k] - at[0], place[3 * k + 1] - at[1], place[3 * k + 2] - at[2]);
    if (sigma[k] === 0 && to < SAME * length(at)) shown += luminosity[k];
  }
  return shown / stars.luminosity[i];
}

export interface Arrival {
  /** The share of the star's light that is shown as the camera arrives. */
  share: number;
  /** The largest change of a block in a frame that is not the camera's motion, as `fly` has it. */
  change: number;
  /** Frames from the arrival until nine tenths are shown, negative where they are shown before. */
  late: number;
}

/**
 * Flies from the Sun to star `i` of `stars`. `told`: the source is told where the flight ends; `measured`: also what changes on
 * the way, which takes long.
 */
export async function arrive(
  server: SlowServer,
  source: TreeSource,
  stars: Lights,
  i: number,
  { told = true, measured = false } = {},
): Promise<Arrival> {
  const camera = new Camera();
  const view = { camera, width: SIZE, height: SIZE };
  await server.until(source.settle(view));
  const goal = placeOf(stars, i);
  const flight = new Flight(camera, () => goal, 0, stars.luminosity[i]);
  let [frame, over, change, lit] = [0, false, 0, -1];
  let before = seen(source);
  const draw = async (flying: boolean): Promise<void> => {
    const seenFrom = flying && told ? { ...view, goal: flight.end } : view;
    source.update(seenFrom, FRAME_MS * frame);
    if (measured) {
      const after = seen(source);
      const [old, now] = [before, after].map((shown) => picture(shown, source, camera));
      const mean = now.reduce((sum, light) => sum + light, 0) / SIDE ** 2;
      change = now.reduce((most, light, k) => Math.max(most, Math.abs(light - old[k]) / (light + mean)), change);
      before = after;
    }
    if (frame % LOAD_EVERY === 0) source.load(seenFrom);
    await server.tick();
    if (lit < 0 && shareShown(source, stars, i) >= 0.9) lit = frame;
    frame++;
  };
  while (!over) {
    over = flight.step((FRAME_MS * frame) / 1000);
    await draw(!over);
  }
  const share = shareShown(source, stars, i);
  const arrived = frame - 1;
  while (lit < 0 && frame < arrived + MOST_LATE) await draw(false);
  return { share, change, late: (lit < 0 ? frame : lit) - arrived };
}
