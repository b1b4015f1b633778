/** The orbits of bodies at the date that the system is at. */
import { AU_M } from "../sky.ts";
import { type Vec3, scale, sub } from "../vec.ts";
import type { Body } from "./body.ts";
import { type Moon, planetocentricAu } from "./moons.ts";
import { type Path, pathOf } from "./orbit_lines.ts";
import type { World } from "./planets.ts";
import type { SolarSystem } from "./system.ts";
import { GM_SUN } from "./twobody.ts";

export const MOON = "Moon";
/** Of Earth and Moon, au^3 / day^2: DE440, as GM_SUN. */
const GM_EARTH = 8.997011e-10;
/** Of a moon's way around, between the places that its speed is found from. */
const STEP_RAD = 1e-3;

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

  private find({ place, world, moon, row }: Body): Path {
    const { system } = this;
    if (moon) return moonPath(moon, system.worldAt(moon.planet), system.jdTdb);
    if (world) {
      const name = world.name as World["name"];
      const [centre, gm] = name === MOON ? (["Earth", GM_EARTH] as const) : (["Sun", GM_SUN] as const);
      const focus = system.at(centre, system.jdTdb);
      return pathOf(scale(sub(place.position, focus), 1 / AU_M), system.speedPast(name, centre), focus, gm);
    }
    const from = scale(sub(place.position, system.sun), 1 / AU_M);
    return pathOf(from, system.smallSpeed(row), system.sun, GM_SUN);
  }
}

/** The ellipse that a moon moves on, around its planet's centre; what pulls is what its mean motion and distance ask for. */
function moonPath(moon: Moon, centre: Vec3, jdTdb: number): Path {
  const [motion, size] = [moon.longitude[1], moon.series.a[0][0]];
  const days = STEP_RAD / motion;
  const [before, now, after] = [-days, 0, days].map((step) => planetocentricAu(moon, jdTdb + step));
  return pathOf(now, scale(sub(after, before), 0.5 / days), centre, motion ** 2 * size ** 3);
}
