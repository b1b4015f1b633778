/** Reads the solar system of a site, and lets the page draw it. */
import type { Site } from "../site.ts";
import { msOfYear } from "../time/date.ts";
import { parseBodies } from "./bodies_file.ts";
import { jdTdbOf } from "./dates.ts";
import { readEphemeris } from "./ephemeris.ts";
import { Layer } from "./layer.ts";
import { readMoons } from "./moons.ts";
import type { Clock, Orbited } from "./orbited.ts";
import { Solar } from "./solar.ts";
import { SolarSystem } from "./system.ts";

/** @throws SiteError where a file cannot be read or is damaged. */
export async function readSolar(app: Orbited, site: Site, clock: Clock): Promise<Solar> {
  const name = site.path("ephemeris");
  const [ephemeris, orbits, moons] = await Promise.all([
    site.root.decoded(name, (bytes) => readEphemeris(bytes, name)),
    site.has("bodies") ? site.file("bodies").then((file) => parseBodies(...file)) : null,
    site.has("moons") ? site.file("moons").then((file) => readMoons(...file)) : [],
  ]);
  const jdNow = () => jdTdbOf(msOfYear(clock.year));
  const solar = new Solar(app, new SolarSystem(ephemeris, orbits, moons), jdNow);
  app.eye.limit = (view) => solar.limit(view);
  app.stage.showLayer((gl, most) => {
    const layer = new Layer(gl);
    return (target, camera, size, exposure) => solar.draw(layer, target, camera, size, exposure, most);
  });
  if (app.controls) app.controls.bodies = solar;
  return solar;
}
