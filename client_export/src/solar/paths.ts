/** The orbits of bodies at the date that the system is at. */
import { AU_M } from "../sky.ts";
import { scale, sub } from "../vec.ts";
import { type Path, pathOf } from "./orbit_lines.ts";
import type { Body, SolarSystem } from "./system.ts";
import { GM_SUN } from "./twobody.ts";

export const MOON = "Moon";
/** Of Earth and Moon, au^3 / day^2: DE440, as GM_SUN. */
const GM_EARTH = 8.997011e-10;

export class Paths {
  private readonly known = new Map<string, Path>();
  private jdTdb = NaN;

  constructor(private readonly system: SolarSystem) {}

  /** The orbit in which a body is now. */
  of(body: Body): Path {
    const { system } = this;
    if (this.jdTdb !== system.jdTdb) this.known.clear();
    this.jdTdb = system.jdTdb;
    const path = this.known.get(body.place.id) ?? this.find(body);
    this.known.set(body.place.id, path);
    return path;
  }

  private find({ place, world, row }: Body): Path {
    const { system } = this;
    if (world) {
      const [centre, gm] = world.name === MOON ? (["Earth", GM_EARTH] as const) : (["Sun", GM_SUN] as const);
      const focus = system.at(centre, system.jdTdb);
      return pathOf(scale(sub(place.position, focus), 1 / AU_M), system.speedPast(world.name, centre), focus, gm);
    }
    const from = scale(sub(place.position, system.sun), 1 / AU_M);
    return pathOf(from, system.smallSpeed(row), system.sun, GM_SUN);
  }
}
