/** Flights through a pack frame by frame: what a frame changes of the picture besides the camera's own motion. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { Camera } from "../src/camera.ts";
import { Folder } from "../src/http.ts";
import { openTree } from "../src/tree/pack.ts";
import { TreeSource } from "../src/tree/source.ts";
import { PARSEC_M, towards } from "../src/sky.ts";
import { scale, sub } from "../src/vec.ts";
import { type Lights, SIDE, SIZE, blocksOf, glowBlocks, shownOf } from "./drawing.ts";

export const FRAMES = 200;
const FRAME_MS = 1000 / 60;
/** How often a moving camera asks for tiles, as `App` has it. */
const LOAD_EVERY = 12;

/** A server of files whose answers take `latency` frames; with counts of what it was asked. */
export class SlowServer {
  bytes = 0;
  requests = 0;
  private frame = 0;
  private waiting: { due: number; answer: () => void }[] = [];

  /** `folder` ends in a slash. */
  constructor(
    private readonly folder: URL,
    private readonly latency: number,
  ) {}

  readonly fetcher: typeof fetch = (url, init) =>
    new Promise((resolve) => {
      const answer = () => resolve(this.read(String(url), new Headers(init?.headers).get("Range")));
      this.waiting.push({ due: this.frame + this.latency, answer });
    });

  private read(name: string, range: string | null): Response {
    const file = openSync(new URL(name, this.folder), "r");
    const { size } = fstatSync(file);
    const [from, to] = range ? range.slice("bytes=".length).split("-").map(Number) : [0, size - 1];
    const bytes = new Uint8Array(Math.min(to + 1, size) - from);
    readSync(file, bytes, 0, bytes.length, from);
    closeSync(file);
    this.bytes += bytes.length;
    this.requests++;
    return new Response(bytes, { status: range ? 206 : 200 });
  }

  /** A frame goes by: what is due is answered, and read. */
  async tick(): Promise<void> {
    this.frame++;
    const due = this.waiting.filter((one) => one.due <= this.frame);
    this.waiting = this.waiting.filter((one) => one.due > this.frame);
    for (const { answer } of due) answer();
    for (let turn = 0; turn < (due.length > 0 ? 20 : 2); turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Lets frames go by until `promise` has come. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let over = false;
    const end = promise.finally(() => (over = true));
    while (!over) await this.tick();
    return end;
  }
}

/** A source of the pack of `server`, within `budget` splats. */
export async function openSource(server: SlowServer, splats: number): Promise<{ source: TreeSource; told: string[] }> {
  const told: string[] = [];
  const pack = await server.until(openTree(new Folder("", server.fetcher)));
  const ignore = () => {};
  const onError = (message: string) => void told.push(message);
  const source = new TreeSource(pack, { onCell: ignore, onProgress: ignore, onChange: ignore, onError });
  source.budget.splats = splats;
  return { source, told };
}

/** Puts the camera where it is in a frame. */
export type Path = (camera: Camera, frame: number) => void;

const PLEIADES = scale(towards(56.75, 24.12), 135 * PARSEC_M);

/** Flights of 200 frames, and a turn in as many. */
export const PATHS: Readonly<Record<string, Path>> = {
  "Sun to Pleiades": (camera, frame) => {
    camera.position = scale(PLEIADES, frame / FRAMES);
    camera.look(PLEIADES);
  },
  "Sun to 10 kpc, looking back": (camera, frame) => {
    const away = towards(192.86, 27.13); // the Galactic pole
    camera.position = scale(away, frame === 0 ? 0 : PARSEC_M * 10 ** ((4 * frame) / (FRAMES - 1)));
    camera.look(scale(away, -1));
  },
  "across at 300 pc": (camera, frame) => {
    const [out, along] = [towards(10, 0), towards(100, 0)];
    camera.position = sub(scale(out, 300 * PARSEC_M), scale(along, 3 * PARSEC_M * (FRAMES / 2 - frame)));
    camera.look(scale(out, -1));
  },
  turning: (camera, frame) => {
    const angle = (2 * Math.PI * frame) / FRAMES;
    camera.position = scale(PLEIADES, 0.7);
    camera.look([Math.cos(angle), Math.sin(angle), 0.3]);
  },
};

/** What is shown of a source: the light of its splats, and the weight of its glow. */
interface Shown {
  lights: Lights;
  glow: number;
}

export const seen = (source: TreeSource): Shown => ({ lights: shownOf(source.store), glow: source.glowWeight });

/** The light in the blocks of what is shown. */
export function picture({ lights, glow }: Shown, source: TreeSource, camera: Camera): Float64Array {
  const blocks = blocksOf(lights, camera);
  if (glow > 0 && source.glow) glowBlocks(source.glow, camera).forEach((light, i) => (blocks[i] += glow * light));
  return blocks;
}

/** Of each frame. */
export interface Frame {
  /** The largest change of a block, over its light and that of the mean block, while the camera stays. */
  change: number;
  /** Splats that are shown. */
  drawn: number;
  picture: Float64Array;
}

/** Flies along `path`, which begins with a settled view. */
export async function fly(server: SlowServer, source: TreeSource, path: Path): Promise<Frame[]> {
  const camera = new Camera();
  const view = { camera, width: SIZE, height: SIZE };
  path(camera, 0);
  await server.until(source.settle(view));
  const frames: Frame[] = [];
  let before = seen(source);
  for (let frame = 0; frame < FRAMES; frame++) {
    path(camera, frame);
    source.update(view, FRAME_MS * frame);
    const after = seen(source);
    const [old, now] = [before, after].map((shown) => picture(shown, source, camera));
    const mean = now.reduce((sum, light) => sum + light, 0) / SIDE ** 2;
    const change = now.reduce((most, light, i) => Math.max(most, Math.abs(light - old[i]) / (light + mean)), 0);
    frames.push({ change, drawn: source.state.drawn, picture: now });
    if (frame % LOAD_EVERY === 0) source.load(view);
    before = after;
    await server.tick();
  }
  return frames;
}
