// What 10,000 asteroids cost a frame while the clock plays, of the page's thread without drawing:
//   cd client_export && node --import tsx --import ./test/english.ts ../tests/bench/bodies_frame.mts [OTHER]
// Prints milliseconds of processor a frame, the median of five rounds, of this checkout and of the checkout OTHER beside it,
// their ratio, and how far apart they put bodies. The asteroids are random ones of the main belt, of one seed.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [BODIES, FRAMES, ROUNDS, EPOCH] = [10_000, 10, 5, 2_461_000.5];
/** Days a frame: an hour a second, ten days a second, ten years a second, at 60 frames. */
const PACES = [1 / 1440, 1 / 6, 60.9];
const here = new URL("../../", import.meta.url);

function randomOrbits(): string {
  let state = 1;
  const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const column = (make: () => number) => Array.from({ length: BODIES }, make);
  const eccentricity = column(() => 0.3 * Math.sqrt(random()));
  const orbits = {
    designation: eccentricity.map((_, row) => String(row + 1)),
    name: eccentricity.map(() => ""),
    kind: eccentricity.map(() => "asteroid"),
    perihelion_au: eccentricity.map((e) => (2.1 + 1.2 * random()) * (1 - e)),
    eccentricity,
    inclination_deg: column(() => 20 * random()),
    node_deg: column(() => 360 * random()),
    argument_deg: column(() => 360 * random()),
    perihelion_days: column(() => 1600 * random()),
    h_mag: column(() => 8 + 8 * random()),
    slope: column(() => 0.15),
  };
  return JSON.stringify({
    format: "helios-bodies",
    version: 1,
    epoch_jd_tdb: EPOCH,
    orbits,
  });
}

interface Run {
  readonly name: string;
  /** Milliseconds of a frame at each of PACES. */
  readonly ms: number[];
  /** Places of some bodies at the end, metres. */
  readonly places: number[];
  /** What is drawn then, asked for or not, at two exposures: x and y, CSS px, and linear RGB of each point. */
  readonly points: number[];
}

/** The solar system of a checkout at `root`, 5 au above the Sun, through all paces. */
async function run(name: string, root: URL): Promise<Run> {
  const from = async (path: string) => await import(new URL(`client_export/src/${path}`, root).href);
  await from("../test/english.ts");
  const [{ SolarSystem }, { Solar }, { parseBodies }, { readEphemeris }, { Camera }, { AU_M }] = await Promise.all(
    ["solar/system.ts", "solar/solar.ts", "solar/bodies_file.ts", "solar/ephemeris.ts", "camera.ts", "sky.ts"].map(
      from,
    ),
  );
  const ephemeris = await readEphemeris(readFileSync(new URL("catalogs/ephemeris.bin.gz", root)), "ephemeris");
  const system = new SolarSystem(ephemeris, parseBodies(randomOrbits(), "bodies"), []);
  const camera = new Camera();
  camera.position = [0, 0, 5 * AU_M];
  camera.look([0, 0, -1]);
  let jd = EPOCH;
  const host = {
    camera,
    names: null,
    flying: false,
    show: "asteroids",
    jumps: 0,
    invalidate: () => undefined,
  };
  const solar = new Solar(host, system, () => jd);
  const points: number[] = [];
  let kept = false;
  const layer = {
    drawPoints: (_: unknown, __: unknown, values: Float32Array, count: number) => {
      if (kept && count > 1) points.push(...values.subarray(0, 5 * count));
    },
    drawGlobe: () => undefined,
  };
  const size = { width: 1280, height: 720, density: 1 };
  const frame = (days: number) => {
    jd += days;
    solar.step();
    solar.draw(layer, null, camera, size, 1, 1);
  };
  const ms = PACES.map((days) => {
    const rounds: number[] = [];
    for (let round = 0; round < ROUNDS + 1; round++) {
      const before = process.cpuUsage();
      for (let i = 0; i < FRAMES; i++) frame(days);
      const { user, system: kernel } = process.cpuUsage(before);
      if (round > 0) rounds.push((user + kernel) / 1000 / FRAMES);
    }
    return rounds.sort((a, b) => a - b)[ROUNDS >> 1];
  });
  const places = system.smalls
    .filter((_: unknown, row: number) => row % 97 === 0)
    .flatMap((body: any) => [...body.place.position]);
  kept = true;
  for (const show of ["asteroids", ""]) {
    host.show = show;
    for (const exposure of [1, 1000]) solar.draw(layer, null, camera, size, exposure, 1);
  }
  return { name, ms, places, points };
}

const runs = [await run("this", here)];
if (process.argv[2]) runs.push(await run("other", pathToFileURL(`${process.argv[2]}/`)));
console.log(`${"days a frame".padEnd(14)}${PACES.map((pace) => pace.toFixed(4).padStart(10)).join("")}`);
for (const { name, ms } of runs)
  console.log(`${`${name}, ms`.padEnd(14)}${ms.map((value) => value.toFixed(2).padStart(10)).join("")}`);
if (runs.length > 1) {
  const [own, other] = runs;
  console.log(
    `${"other / this".padEnd(14)}${own.ms.map((value, i) => (other.ms[i] / value).toFixed(1).padStart(10)).join("")}`,
  );
  const apart = (key: "places" | "points") =>
    own[key].reduce((most, value, i) => Math.max(most, Math.abs(value - other[key][i])), 0).toExponential(1);
  console.log(`places differ by at most ${apart("places")} m`);
  console.log(
    `${own.points.length / 5} and ${other.points.length / 5} points drawn, apart by at most ${apart("points")}`,
  );
}
