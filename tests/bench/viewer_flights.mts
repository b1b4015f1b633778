// Drives the viewer's tree through a pack, for `bench_viewer.py`: how near the first sky is, what frames of flights change,
// and what a tour fetches. Standard input: {pack, splats, latency, places}; `places` [N, 3] metres. Standard output:
// {first, flights, arrivals, tour}.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { Camera } from "../../client_export/src/camera.ts";
import { arrive, shareShown } from "../../client_export/test/arrivals.ts";
import { SIZE, blocksOf, starsOf } from "../../client_export/test/drawing.ts";
import { FRAMES, PATHS, SlowServer, fly, openSource, picture, seen } from "../../client_export/test/flights.ts";

const { pack, splats, latency, places } = JSON.parse(readFileSync(0, "utf8"));
/** Stars that are flown to, and those of them on whose way the pictures are compared. */
const [GOALS, MEASURED] = [10, 2];
const folder = pathToFileURL(`${pack}/`);

/** What is seen from the Sun before any tile has come: bytes, and the share of light in the wrong block of six views. */
async function firstSky() {
  const server = new SlowServer(folder, 0);
  const { source } = await openSource(server, splats);
  const { bytes } = server;
  const stars = await server.until(starsOf(server.fetcher));
  const camera = new Camera();
  let [wrong, light] = [0, 0];
  for (const axis of [0, 1, 2]) {
    for (const sign of [1, -1]) {
      camera.look([0, 1, 2].map((k) => (k === axis ? sign : 0)));
      source.update({ camera, width: SIZE, height: SIZE }, 0);
      const [found, right] = [picture(seen(source), source, camera), blocksOf(stars, camera)];
      right.forEach((value, i) => (wrong += Math.abs(found[i] - value)));
      light += right.reduce((sum, value) => sum + value, 0);
    }
  }
  return { bytes, error: wrong / light };
}

const first = await firstSky();
const flights = [];
for (const [name, path] of Object.entries(PATHS)) {
  const server = new SlowServer(folder, latency);
  const { source } = await openSource(server, splats);
  const frames = await fly(server, source, path);
  const changes = frames.map(({ change }) => change).sort((a, b) => a - b);
  const drawn = frames.reduce((sum, frame) => sum + frame.drawn, 0) / FRAMES;
  flights.push({ name, most: changes[FRAMES - 1], p95: changes[Math.floor(0.95 * FRAMES)], drawn, bytes: server.bytes });
}

const arrivals = [];
const reader = new SlowServer(folder, 0);
const stars = await reader.until(starsOf(reader.fetcher));
const begin = await openSource(reader, splats);
const hidden = Array.from({ length: stars.count }, (_, i) => i).filter(
  (i) => i % 97 === 0 && shareShown(begin.source, stars, i) === 0,
);
for (let k = 0; k < GOALS && hidden.length > 0; k++) {
  const server = new SlowServer(folder, latency);
  const { source } = await openSource(server, splats);
  const i = hidden[Math.floor(((k + 0.5) / GOALS) * hidden.length)];
  arrivals.push(await arrive(server, source, stars, i, { measured: k < MEASURED }));
}

const tour = [];
const server = new SlowServer(folder, 0);
const { source } = await openSource(server, splats);
const camera = new Camera();
for (const [x, y, z] of places) {
  const before = [server.bytes, server.requests];
  camera.position = [x, y, z];
  if (Math.hypot(x, y, z) > 0) camera.look([-x, -y, -z]);
  await server.until(source.settle({ camera, width: 1024, height: 1024 }));
  const [bytes, requests] = [server.bytes - before[0], server.requests - before[1]];
  tour.push({ bytes, requests, drawn: source.state.drawn });
}
process.stdout.write(JSON.stringify({ first, flights, arrivals, tour }));
