/** The pack of the test vectors as a server sends it, and what the viewer makes of it. */
import { readFileSync } from "node:fs";
import { Camera } from "../src/camera.ts";
import { Folder } from "../src/http.ts";
import type { TreeNode } from "../src/tree/node.ts";
import { openTree } from "../src/tree/pack.ts";
import { TreeSource } from "../src/tree/source.ts";

export const ALL = { splats: 1e6, bytes: 1e6, share: 0 };
export const VIEW = () => ({ camera: new Camera(), width: 640, height: 480 });

/** The files of the pack, changed by `damage`, from a server that knows ranges or not; `log` takes what was asked. */
export function packServer(
  damage: (name: string, bytes: Uint8Array) => void = () => {},
  ranges = true,
  log: string[] = [],
) {
  const fetcher: typeof fetch = async (url, init) => {
    const name = String(url);
    const bytes = new Uint8Array(readFileSync(new URL(`../../tests/data/v2/${name}`, import.meta.url)));
    damage(name, bytes);
    const range = new Headers(init?.headers).get("Range");
    log.push(`${name} ${range ?? ""}`);
    if (!range || !ranges) return new Response(bytes);
    const [from, to] = range.slice("bytes=".length).split("-").map(Number);
    return new Response(bytes.slice(from, to + 1), { status: 206 });
  };
  return fetcher;
}

export async function open(fetcher: typeof fetch): Promise<{ source: TreeSource; problems: string[] }> {
  const problems: string[] = [];
  const pack = await openTree(new Folder("", fetcher));
  const ignore = () => {};
  const onError = (message: string) => problems.push(message);
  const source = new TreeSource(pack, { onCell: ignore, onProgress: ignore, onChange: ignore, onError });
  source.budget = ALL;
  return { source, problems };
}

/** All nodes of a tree, the root first. */
export function nodesOf(root: TreeNode): TreeNode[] {
  const nodes = [root];
  for (const node of nodes) nodes.push(...node.children);
  return nodes;
}
