// Drives the viewer's tree through a pack, for `bench_viewer.py`: what frames of flights change, and what a tour fetches.
// Standard input: {pack, splats, latency, places}; `places` [N, 3] metres. Standard output: {flights, tour}.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { Camera } from "../../client_export/src/camera.ts";
import { FRAMES, PATHS, SlowServer, fly, openSource } from "../../client_export/test/flights.ts";

const { pack, splats, latency, places } = JSON.parse(readFileSync(0, "utf8"));
const folder = pathToFileURL(`${pack}/`);

const flights = [];
for (const [name, path] of Object.entries(PATHS)) {
  const server = new SlowServer(folder, latency);
  const { source } = await openSource(server, splats);
  const frames = await fly(server, source, path);
  const changes = frames.map(({ change }) => change).sort((a, b) => a - b);
  const drawn = frames.reduce((sum, frame) => sum + frame.drawn, 0) / FRAMES;
  flights.push({ name, most: changes[FRAMES - 1], p95: changes[Math.floor(0.95 * FRAMES)], drawn, bytes: server.bytes });
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
process.stdout.write(JSON.stringify({ flights, tour }));
