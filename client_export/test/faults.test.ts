/**
 * Whatever byte of a pack v2 is flipped, missing, cut off or swapped with another, the viewer says so, shows nothing wrong,
 * and loses only the part in which it is: a tile, or a page with what is below it.
 *
 * The faults are random, of a seed, in any file of the pack, and come from a server that knows ranges, or does not. The
 * pack is that of the test vectors, or the one in the folder HELIOS_PACK; there are HELIOS_FAULTS of them, or 100.
 */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { Camera } from "../src/camera.ts";
import { SiteError } from "../src/errors.ts";
import { Folder } from "../src/http.ts";
import { PackReader } from "../src/pack_reader.ts";
import type { CellData } from "../src/tree/cell_data.ts";
import { decodeCells } from "../src/tree/cell_data.ts";
import { Decoder } from "../src/tree/decoder.ts";
import { Fetcher } from "../src/tree/fetcher.ts";
import { TreeNode, type TileSpot, grow } from "../src/tree/node.ts";
import { type TreePack, openTree } from "../src/tree/pack.ts";
import { TreeSource } from "../src/tree/source.ts";
import { crc32 } from "../src/v2/crc32.ts";
import type { TileEntry } from "../src/v2/index.ts";
import { type Side, decodeDistances, decodeIds, decodeMotion, sideBlockRange, sidesOf } from "../src/v2/side.ts";

const { HELIOS_PACK, HELIOS_FAULTS = "100" } = process.env;
const FOLDER = HELIOS_PACK ? pathToFileURL(`${HELIOS_PACK}/`) : new URL("../../tests/data/v2/", import.meta.url);
const KINDS = ["flip", "flip", "missing", "short", "swap", "gone"];

const DECODERS: Record<string, typeof decodeIds | typeof decodeMotion> = {
  ids: decodeIds,
  motion: decodeMotion,
  distances: decodeDistances,
};

type Files = Map<string, Uint8Array<ArrayBuffer>>;

const names = readdirSync(FOLDER).filter((name) => name.endsWith(".bin"));
const SOUND: Files = new Map(names.sort().map((name) => [name, new Uint8Array(readFileSync(new URL(name, FOLDER)))]));

/** A server of `files`, as servers are: it cuts ranges that go on beyond the end of a file and refuses those that begin there. */
function serverOf(files: Files, ranges: boolean): typeof fetch {
  return async (url, init) => {
    const bytes = files.get(String(url));
    if (!bytes) return new Response("", { status: 404 });
    const range = new Headers(init?.headers).get("Range");
    if (!range || !ranges) return new Response(bytes);
    const [from, to] = range.slice("bytes=".length).split("-").map(Number);
    if (from >= bytes.length) return new Response("", { status: 416 });
    return new Response(bytes.slice(from, to + 1), { status: 206 });
  };
}

/** What is read of a pack: the digest of each part that is sound by its name, and all that was said. */
interface Seen {
  parts: Map<string, number>;
  told: string[];
  /** Said by the viewer, of which no exception escapes; and the stars that it has when its view has settled. */
  notices: string[];
  stars: number;
  nodes: TreeNode[];
  sides: Side[];
}

/** Bytes of a file and what is in them; a part is lost with those that `needs` names. */
interface Part {
  name: string;
  file: string;
  from: number;
  to: number;
  needs: string[];
}

const digest = (...arrays: ArrayBufferView[]): number =>
  arrays.reduce(
    (crc, { buffer, byteOffset, byteLength }) => crc32(new Uint8Array(buffer, byteOffset, byteLength), crc),
    0,
  );
const cellsDigest = (cells: CellData[]): number =>
  digest(...cells.flatMap(({ stars, soft }) => [stars.means, stars.light, stars.covDiagonal, soft.means, soft.light]));
const shardName = (kind: string, shard: number) => `${kind}-${String(shard).padStart(5, "0")}.bin`;
const fileOf = (node: TreeNode) => shardName("tiles", (node.spot as TileSpot).shard);

/** Reads all of a pack. The blocks of side files are where `blocks` says, by kind and the name of their cell. */
async function readAll(fetcher: typeof fetch, blocks: Map<string, Part>): Promise<Seen> {
  const seen: Seen = { parts: new Map(), told: [], notices: [], stars: 0, nodes: [], sides: [] };
  const { parts, told, nodes } = seen;
  const folder = new Folder("", fetcher);
  let pack: TreePack;
  try {
    pack = await openTree(folder);
  } catch (reason) {
    assert.ok(reason instanceof SiteError);
    told.push(reason.message);
    seen.notices.push(reason.message);
    return seen;
  }
  const { head, sky, glow, problems } = pack;
  parts.set("head", digest(head.palette));
  seen.sides = sidesOf(head.sides);
  if (sky) parts.set("sky", cellsDigest([sky]));
  if (glow) parts.set("glow", digest(glow.values));
  told.push(...problems);

  const root = new TreeNode(head.root, null);
  grow(root, head.page, 0, 0);
  const all = (): TreeNode[] => {
    const found = [root];
    for (const node of found) found.push(...node.children);
    return found;
  };
  await new Fetcher(folder, head.palette, new Decoder(() => null, decodeCells), {
    next: () => all().filter(({ spot, tile }) => spot && tile === "unread"),
    onTile: (node, cells) => void parts.set(`tile ${node.name}`, cellsDigest(cells)),
    onError: (message) => void told.push(message),
  }).run();
  nodes.push(...all());

  for (const { name: kind } of seen.sides) {
    for (const { name, cell } of nodes) {
      const part = blocks.get(`${kind} ${name}`);
      if (part && cell.tile) await readBlock(kind, part, cell.tile);
    }
    const part = blocks.get(`${kind} sky`);
    if (part) await readBlock(kind, part, head.sky);
  }

  async function readBlock(
    kind: string,
    { name, file, from, to }: Part,
    { stars, crc }: Pick<TileEntry, "stars" | "crc">,
  ): Promise<void> {
    try {
      await new PackReader(file, null, fetcher).read([{ offset: from, size: to - from }], (_, bytes) => {
        parts.set(name, digest(DECODERS[kind](bytes, stars, crc, file)));
      });
    } catch (reason) {
      assert.ok(reason instanceof SiteError);
      told.push(reason.message);
    }
  }

  const onError = (message: string) => void seen.notices.push(message);
  const ignore = () => {};
  const source = new TreeSource(pack, { onCell: ignore, onProgress: ignore, onChange: ignore, onError });
  source.budget = { splats: 1e6, bytes: 1e9, share: 0 };
  const view = { camera: new Camera(), width: 640, height: 480 };
  await source.settle(view);
  assert.equal(source.update(view, 1000), false);
  for (const { points, count } of source.store.cells) seen.stars += points ? count : 0;
  return seen;
}

/** All parts of the pack, out of the nodes of its tree. */
function partsOf({ nodes, sides }: Seen): Part[] {
  const whole = (name: string, file: string, needs: string[]): Part => ({
    name,
    file,
    from: 0,
    to: (SOUND.get(file) as Uint8Array).length,
    needs,
  });
  const parts = [whole("head", "head.bin", []), whole("sky", "sky.bin", []), whole("glow", "glow.bin", [])];
  for (const { name } of sides) parts.push(whole(`${name} sky`, `${name}-sky.bin`, []));
  const counted = new Map<number, [stars: number, tiles: number]>();
  const tiles = nodes.filter(({ spot }) => spot);
  tiles.sort((a, b) => (a.spot as TileSpot).shard - (b.spot as TileSpot).shard || a.spot!.offset - b.spot!.offset);
  for (const node of tiles) {
    const { shard, offset, size } = node.spot as TileSpot;
    const { page, tile } = node.cell;
    const pages: string[] = [];
    for (let above: TreeNode | null = node; above; above = above.parent)
      if (above.cell.page) pages.push(`page ${above.name}`);
    const start = offset + (page?.length ?? 0);
    if (page) parts.push({ name: pages[0], file: fileOf(node), from: offset, to: start, needs: pages.slice(1) });
    parts.push({ name: `tile ${node.name}`, file: fileOf(node), from: start, to: offset + size, needs: pages });
    const [stars, number] = counted.get(shard) ?? [0, 0];
    const count = tile?.stars ?? 0;
    for (const side of sides) {
      const { offset: from, length } = sideBlockRange(side, stars, number, count);
      const file = shardName(side.name, shard);
      parts.push({ name: `${side.name} ${node.name}`, file, from, to: from + length, needs: pages });
    }
    counted.set(shard, [stars + count, number + 1]);
  }
  return parts;
}

const random = (() => {
  let seed = 20;
  return (below: number) => Math.floor(((seed = (seed * 48271) % 2147483647) / 2147483647) * below);
})();

/** `data` with a fault, null where it is gone, and the range of bytes that may be other than they were. */
function spoil(
  data: Uint8Array<ArrayBuffer>,
  kind: string,
): [Uint8Array<ArrayBuffer> | null, first: number, last: number] {
  const [at, other] = [random(data.length), random(data.length)];
  if (kind === "gone") return [null, 0, data.length];
  if (kind === "missing") return [Uint8Array.of(...data.slice(0, at), ...data.slice(at + 1)), at, data.length];
  if (kind === "short") return [data.slice(0, at), at, data.length];
  const spoilt = data.slice();
  if (kind === "flip") {
    spoilt[at] ^= 1 << random(8);
    return [spoilt, at, at + 1];
  }
  [spoilt[at], spoilt[other]] = [data[other], data[at]];
  return [spoilt, Math.min(at, other), Math.max(at, other) + 1];
}

test(
  `each of ${HELIOS_FAULTS} faults is told, shows nothing wrong, and costs only its part`,
  { timeout: 900_000 },
  async () => {
    const asked = await readAll(serverOf(SOUND, true), new Map());
    const { nodes, sides } = asked;
    if (!HELIOS_PACK) assert.equal(sides.length, 3);
    const all = partsOf(asked);
    const ofSide = (name: string): boolean => sides.some((side) => name.startsWith(side.name));
    const blocks = new Map(all.filter(({ name }) => ofSide(name)).map((part) => [part.name, part]));
    const sound = await readAll(serverOf(SOUND, true), blocks);
    assert.deepEqual([sound.told, sound.notices], [[], []]);
    const readable = all.filter(({ name }) => !name.startsWith("page"));
    assert.deepEqual([...sound.parts.keys()].sort(), readable.map(({ name }) => name).sort());
    assert.ok(readable.length > 20 && all.length > readable.length);
    // Every byte of every file is in one part.
    for (const [file, { length }] of SOUND) {
      const own = all.filter((part) => part.file === file).sort((a, b) => a.from - b.from);
      own.forEach(({ from }, i) => assert.equal(from, i > 0 ? own[i - 1].to : 0, file));
      assert.equal(own.at(-1)?.to, length, file);
    }

    for (let trial = 0; trial < Number(HELIOS_FAULTS);) {
      const [file, kind] = [names[random(names.length)], KINDS[random(KINDS.length)]];
      const data = SOUND.get(file) as Uint8Array<ArrayBuffer>;
      const [spoilt, first, last] = spoil(data, kind);
      if (spoilt && spoilt.length === data.length && spoilt.every((byte, i) => byte === data[i])) continue;
      const [what, ranges] = [`fault ${trial++}: ${kind} of ${file} at ${first}`, random(2) === 1];
      const files = new Map(SOUND);
      if (spoilt) files.set(file, spoilt);
      else files.delete(file);
      const seen = await readAll(serverOf(files, ranges), blocks);

      assert.ok(seen.told.length > 0, what);
      for (const message of [...seen.told, ...seen.notices])
        assert.ok(/^[^\n]+$/.test(message) && message.includes(file), what);
      for (const [name, content] of seen.parts) assert.equal(content, sound.parts.get(name), `${what}: ${name}`);
      if (file === "head.bin") continue;
      const touched = new Set(all.filter((part) => part.file === file && part.from < last && first < part.to));
      const lost = new Set([...touched].map(({ name }) => name));
      for (const { name, needs } of readable) {
        if (!lost.has(name) && !needs.some((page) => lost.has(page)))
          assert.ok(seen.parts.has(name), `${what}: ${name}`);
      }
      if (ofSide(file)) continue; // the viewer does not read them on its own
      assert.ok(seen.notices.length > 0, what);
      // What is below a lost tile stays closed, so that its light is not given twice.
      const gone = (node: TreeNode | null): boolean =>
        node !== null && (gone(node.parent) || (node.spot !== null && !seen.parts.has(`tile ${node.name}`)));
      const starsIn = (node: TreeNode) => (node.spot && !gone(node) ? (node.cell.tile?.stars ?? 0) : 0);
      const expected = nodes.reduce((sum, node) => sum + starsIn(node), 0);
      const inSky = sound.stars - nodes.reduce((sum, { cell }) => sum + (cell.tile?.stars ?? 0), 0);
      assert.equal(seen.stars, expected + (seen.parts.has("sky") ? inSky : 0), what);
    }
  },
);
