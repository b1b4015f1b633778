/** What the viewer itself makes of a sky, and where its flights are: JSON in, JSON out; see test_viewer_laws.py. */
import { readFileSync } from "node:fs";
import { Camera } from "../../../client_export/src/camera.ts";
import { Eye } from "../../../client_export/src/eye.ts";
import { Flight, WayHome } from "../../../client_export/src/flight.ts";
import { SplatStore } from "../../../client_export/src/splat_store.ts";
import { parseViewState } from "../../../client_export/src/view_state.ts";
import { ViewWay } from "../../../client_export/src/tour/way.ts";
import { cellOf, splatAt } from "../../../client_export/test/cells.ts";

type Vec = [number, number, number];
const { skies, flights, links } = JSON.parse(readFileSync(0, "utf8"));

const exposures = skies.map(({ stars, eye, look, fov, width, height, unit }: any) => {
  const store = new SplatStore(stars.length);
  // By the law a splat of tau 0.5 and standard deviation s has the luminosity pi s^2.
  const splats = stars.map(([x, y, z, l]: number[]) => splatAt([x, y, z] as Vec, Math.sqrt(l / Math.PI)));
  store.add("a", cellOf(splats, [0, 0, 0], unit), true);
  const camera = new Camera();
  camera.position = eye;
  camera.look(look);
  camera.fovDeg = fov;
  return new Eye({ store, glow: null, glowWeight: 0 } as any).look({ camera, width, height } as any);
});

const flown = flights.map(({ kind, pos, look, fov, aspect, place, radius, luminosity, end, times }: any) => {
  const fresh = () => {
    const camera = new Camera();
    camera.position = pos;
    camera.look(look);
    camera.fovDeg = fov;
    camera.aspect = aspect;
    const plan =
      kind === "flight"
        ? new Flight(camera, () => place, radius, luminosity)
        : kind === "home"
          ? new WayHome(camera, place)
          : new ViewWay(camera, end);
    return { camera, plan };
  };
  return times.map((time: number) => {
    const { camera, plan } = fresh();
    const done = plan.step(time);
    return { pos: camera.position, look: camera.forward, fov: camera.fovDeg, done };
  });
});

console.log(JSON.stringify({ exposures, flown, links: links.map((link: string) => parseViewState(link)) }));
