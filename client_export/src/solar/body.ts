/** What is a place of the solar system. */
import type { Landmark } from "../landmark.ts";
import type { Vec3 } from "../vec.ts";
import type { Moon } from "./moons.ts";
import type { Globe } from "./planets.ts";

/** A body that is a place: a world, a moon, or number `row` of the orbits. */
export interface Body {
  readonly place: Landmark & { body: NonNullable<Landmark["body"]> };
  /** Of planets and moons. */
  readonly world: Globe | null;
  /** Of moons that have a planet's centre for their own: all but the Moon. */
  readonly moon: Moon | null;
  readonly row: number;
  /** Unit vector along its north pole, axes of the universe. */
  readonly pole: Vec3;
}

export function placeOf(id: string, name: string, kind: string, radiusM: number): Body["place"] {
  const body = { light: 0, named: false, reachM: radiusM };
  return { id, name, kind, position: [0, 0, 0], radiusM, description: "", body };
}
