/** Which moons are computed, drawn and named from a place: those whose orbits have a size in the view. */
import type { Camera } from "../camera.ts";
import { smoothstep } from "../numbers.ts";
import { type Vec3, length, sub } from "../vec.ts";
import type { Body } from "./body.ts";
import { type MoonBody, orbitM } from "./moon_bodies.ts";

/** The radius of an orbit, as a share of the view's height, from where to where its moon appears, and from where it is named. */
const SHOWN = [0.003, 0.008] as const;
const NAMED = 0.04;

export interface ShownMoon {
  readonly body: MoonBody;
  /** Of its light, 0 to 1. */
  readonly share: number;
  readonly named: boolean;
}

/** Whether a body is told from its planet, so that it may be pointed at. */
export const isApart = ({ body }: { readonly body: Body }): boolean => !body.moon || body.place.body.named;

/** `placeOf` has the places of planets, metres; `goal` is shown from everywhere. */
export function shownMoons(
  moons: readonly MoonBody[],
  placeOf: (planet: string) => Vec3,
  { position, fovDeg }: Pick<Camera, "position" | "fovDeg">,
  goal: unknown,
): ShownMoon[] {
  const high = 2 * Math.tan((fovDeg * Math.PI) / 360);
  const shown: ShownMoon[] = [];
  for (const body of moons) {
    const size = orbitM(body.moon) / Math.max(length(sub(placeOf(body.moon.planet), position)), 1) / high;
    const share = body === goal ? 1 : smoothstep(...SHOWN, size);
    if (share > 0) shown.push({ body, share, named: size > NAMED });
  }
  return shown;
}
