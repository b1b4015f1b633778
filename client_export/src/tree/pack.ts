/** A pack v2 as it is opened: its head, and what the first sky is made of. */
import { messageOf } from "../errors.ts";
import type { GlowMap } from "../glow_pass.ts";
import type { Folder } from "../http.ts";
import { ROOT } from "../v2/cell_id.ts";
import { decodeGlow } from "../v2/glow.ts";
import { type Head, decodeHead } from "../v2/head.ts";
import { type CellData, decodeCells } from "./cell_data.ts";
import { glowMapOf } from "./glow.ts";

/** How `site.json` calls it. */
export const TREE_FORMAT = "v2";

export interface TreePack {
  folder: Folder;
  head: Head;
  /** What the root holds; null where it is damaged. */
  sky: CellData | null;
  glow: GlowMap | null;
  /** What is damaged. */
  problems: string[];
}

/** Opens the pack in `folder`. @throws SiteError where its head cannot be read. */
export async function openTree(folder: Folder): Promise<TreePack> {
  const problems: string[] = [];
  const kept = <T>(reading: Promise<T>): Promise<T | null> =>
    reading.catch((reason: unknown) => {
      problems.push(messageOf(reason));
      return null;
    });
  const what = (name: string) => folder.path + name;
  const parts = [folder.bytes("sky.bin"), folder.bytes("glow.bin")].map(kept);
  const head = decodeHead(await folder.bytes("head.bin"), what("head.bin"));
  const [skyBytes, glowBytes] = await Promise.all(parts);
  const { sky, palette } = head;
  const job = { crc: sky.crc, cells: [ROOT], palette, what: what("sky.bin") };
  const root = await kept((async () => skyBytes && decodeCells({ ...job, bytes: skyBytes })[0])());
  const glow = await kept(
    (async () => {
      if (!glowBytes) return null;
      const { n, color } = head.glow;
      const light = await decodeGlow(glowBytes, head.glow, what("glow.bin"));
      return glowMapOf(light, n, palette.subarray(3 * color, 3 * color + 3));
    })(),
  );
  return { folder, head, sky: root, glow, problems };
}
