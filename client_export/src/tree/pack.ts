/** A pack v2 as it is opened: its head, and what the first sky is made of. */
import { UnreachableError, messageOf } from "../errors.ts";
import type { GlowMap } from "../glow_pass.ts";
import type { Folder } from "../http.ts";
import { ROOT } from "../v2/cell_id.ts";
import { decodeGlow } from "../v2/glow.ts";
import { type Head, decodeHead } from "../v2/head.ts";
import { type CellData, decodeCells } from "./cell_data.ts";
import { glowMapOf } from "./glow.ts";

/** How `site.json` calls it. */
export const TREE_FORMAT = "v2";
const [HEAD, SKY, GLOW] = ["head.bin", "sky.bin", "glow.bin"];
/** The first sky waits so many milliseconds longer for its glow than for its stars. */
const GLOW_WAIT_MS = 2000;

export interface TreePack {
  folder: Folder;
  head: Head;
  /** What the root holds; null where that cannot be read. */
  sky: CellData | null;
  /** Null where it cannot be read, or has not come yet. */
  glow: GlowMap | null;
  /** The glow, should it be on the way still. */
  late: Promise<GlowMap> | null;
  /** What cannot be read, and whether that may be otherwise later. */
  problems: string[];
  unreachable: boolean;
}

/** Opens the pack in `folder`. @throws SiteError where its head cannot be read. */
export async function openTree(folder: Folder): Promise<TreePack> {
  const problems: string[] = [];
  let unreachable = false;
  const kept = <T>(reading: Promise<T>): Promise<T | null> =>
    reading.catch((reason: unknown) => {
      problems.push(messageOf(reason));
      unreachable ||= reason instanceof UnreachableError;
      return null;
    });
  const [skyBytes, glowBytes] = [SKY, GLOW].map((name) => folder.bytes(name));
  const ignore = () => undefined; // awaited below, if there is a head and as long as there is time
  for (const reading of [skyBytes, glowBytes]) reading.catch(ignore);
  const head = await folder.decoded(HEAD, (bytes) => decodeHead(bytes, folder.path + HEAD));
  const reading = readGlow(folder, head, glowBytes);
  reading.catch(ignore);
  const sky = await kept(readSky(folder, head, skyBytes));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const enough = new Promise<undefined>((done) => {
    timer = setTimeout(() => done(undefined), GLOW_WAIT_MS);
  });
  const glow = await kept(Promise.race([reading, enough]));
  clearTimeout(timer);
  const late = glow === undefined ? reading : null;
  return { folder, head, sky, glow: glow ?? null, late, problems, unreachable };
}

/** Reads what the root holds; `bytes` may be on the way. @throws SiteError where it is missing or damaged. */
export async function readSky(folder: Folder, head: Head, bytes?: Promise<Uint8Array>): Promise<CellData> {
  const { sky, palette } = head;
  const job = { crc: sky.crc, cells: [ROOT], palette, what: folder.path + SKY };
  return folder.decoded(SKY, (data) => decodeCells({ ...job, bytes: data })[0], bytes);
}

/** Reads the glow map, likewise. */
export async function readGlow(folder: Folder, head: Head, bytes?: Promise<Uint8Array>): Promise<GlowMap> {
  const { n, color } = head.glow;
  const rgb = head.palette.subarray(3 * color, 3 * color + 3);
  const light = await folder.decoded(GLOW, (data) => decodeGlow(data, head.glow, folder.path + GLOW), bytes);
  return glowMapOf(light, n, rgb);
}
