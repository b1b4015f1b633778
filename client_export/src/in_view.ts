/** Where one is and what is in view, in words. */
import { CONSTELLATIONS } from "./find/constellations.ts";
import { formatDistance } from "./lengths.ts";
import type { Names } from "./names.ts";
import type { Frame } from "./overlay.ts";
import { constellationOf } from "./panel/constellation.ts";
import { PARSEC_M } from "./sky.ts";
import { TEXT } from "./text/text.ts";
import { length } from "./vec.ts";

/** So far from the Sun constellations look as they do from it. */
const NEAR_M = 10 * PARSEC_M;
/** So many names are told, the most important first. */
const MOST_NAMES = 6;

/** What `frame` shows: the goal, the place, the constellation in the middle and what has a name. */
export function textOfView(frame: Frame, names: Names | null): string {
  const { position, forward } = frame.camera;
  const fromSun = length(position);
  const goal = names?.goal ?? null;
  const constellation = fromSun < NEAR_M ? CONSTELLATIONS.get(constellationOf(forward)) : undefined;
  const named = (names?.labels.inView(frame) ?? []).filter((name) => name !== goal?.name).slice(0, MOST_NAMES);
  const parts = [
    goal ? TEXT.where.at(goal.name) : "",
    fromSun > 0 ? TEXT.where.fromSun(formatDistance(fromSun)) : TEXT.where.atSun,
    constellation === undefined ? "" : TEXT.where.towards(constellation),
    named.length > 0 ? TEXT.where.inView(named.join(", ")) : TEXT.where.nothing,
  ];
  return `${parts.filter(Boolean).join(". ")}.`;
}
