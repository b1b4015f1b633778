/** The star of an identifier is found by a table and one range, among blocks that are written here by the words of FORMAT.md. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { Lookup } from "../src/find/lookup.ts";
import { Sought } from "../src/find/sought.ts";
import { Folder } from "../src/http.ts";
import { openSite } from "../src/site.ts";
import { length } from "../src/vec.ts";

const STARS = 5000;
/** Of every third number from a large one on, with gaps. */
const idOf = (row: number) => (1n << 61n) + 3n * BigInt(row) * BigInt(1 + (row >> 10));

function filesOf(): Map<string, Uint8Array> {
  const records = Buffer.alloc(24 * STARS);
  for (let row = 0; row < STARS; row++) {
    records.writeBigUInt64LE(idOf(row), 24 * row);
    [row * 1000, 4_000_000, 20_000_000].forEach((value, i) => records.writeUInt32LE(value, 24 * row + 8 + 4 * i));
    records.writeUInt16LE(10_000 + (row % 2000), 24 * row + 20);
  }
  const blocks = Math.ceil(STARS / 2048);
  const body = Buffer.alloc(8 + 12 * blocks);
  body.writeBigUInt64LE(BigInt(STARS), 0);
  for (let block = 0; block < blocks; block++) {
    body.writeBigUInt64LE(idOf(2048 * block), 8 + 12 * block);
    body.writeUInt32LE(crc32(records.subarray(49_152 * block, 49_152 * (block + 1))), 16 + 12 * block);
  }
  const head = Buffer.alloc(12);
  head.write("HELIOSid");
  head.writeUInt32LE(crc32(body), 8);
  const manifest = Buffer.from(JSON.stringify({ version: 1, layers: [], lookup: "u/lookup.bin" }));
  return new Map<string, Uint8Array>([
    ["site.json", manifest],
    ["u/lookup.bin", Buffer.concat([head, body])],
    ["u/lookup-00000.bin", records],
  ]);
}

function server(files: Map<string, Uint8Array>, log: string[] = []): typeof fetch {
  return async (url, init) => {
    const bytes = files.get(String(url));
    const range = new Headers(init?.headers).get("Range");
    log.push(`${url} ${range ?? ""}`.trim());
    if (!bytes) return new Response(null, { status: 404 });
    if (!range) return new Response(bytes.slice());
    const [from, to] = range.slice("bytes=".length).split("-").map(Number);
    return new Response(bytes.slice(from, to + 1), { status: 206 });
  };
}

test("every star is found, and no other, by one range each", async () => {
  const log: string[] = [];
  const lookup = await Lookup.open(new Folder("", server(filesOf(), log)), "u/lookup.bin");
  for (const row of [0, 1, 2047, 2048, 2049, 3000, 4095, 4096, 4999]) {
    log.length = 0;
    const star = await lookup.find(idOf(row));
    assert.equal(star?.name, `Star ${idOf(row)}`);
    assert.ok(log.length <= 1);
    const [x, y] = star.position;
    const angle = (((Math.atan2(y, x) + Math.PI) / (2 * Math.PI)) * 2 ** 23 - 0.5) / 1000;
    assert.ok(Math.abs(angle - row) < 1e-5, `${angle} for ${row}`);
    assert.ok(Math.abs(length(star.position) / (4.6e10 * 2 ** ((64 * 20_000_000.5) / 2 ** 25)) - 1) < 1e-9);
    const [, mag] = /^Star, G (\d+\.\d)$/.exec(star.description) ?? [];
    assert.ok(Math.abs(Number(mag) - (row % 2000) / 100) <= 0.05 + 1e-9, star.description);
  }
  for (const none of [0n, idOf(0) - 1n, idOf(7) + 1n, idOf(2047) + 1n, idOf(4999) + 1n, (1n << 64n) - 1n]) {
    assert.equal(await lookup.find(none), null);
  }
});

test("a search for a number that no name has asks the table", async () => {
  const log: string[] = [];
  const sought = new Sought([], await openSite("", server(filesOf(), log)));
  for (const typed of [String(idOf(9)), `Gaia DR3 ${idOf(9)}`, `id ${idOf(9)}`, `Star ${idOf(9)}`]) {
    const [found] = await sought.find(typed);
    assert.ok("match" in found && found.match.called.place.name === `Star ${idOf(9)}`, typed);
  }
  assert.deepEqual(await sought.find("17"), []);
  assert.deepEqual(await sought.find("vega"), []);
  assert.equal(log.filter((line) => line === "u/lookup.bin").length, 1);
});

test("a site without a table has none, and damage is told by the file's name", async () => {
  const plain = filesOf().set("site.json", Buffer.from('{"version": 1, "layers": []}'));
  assert.deepEqual(await new Sought([], await openSite("", server(plain))).find("17"), []);
  for (const [name, at] of [
    ["u/lookup.bin", 0],
    ["u/lookup.bin", 9],
    ["u/lookup.bin", 25],
    ["u/lookup-00000.bin", 30],
  ] as const) {
    const files = filesOf();
    const bytes = files.get(name)!.slice();
    bytes[at] ^= 4;
    files.set(name, bytes);
    await assert.rejects(
      new Sought([], await openSite("", server(files))).find(String(idOf(9))),
      new RegExp(name.slice(2)),
    );
  }
  const missing = filesOf();
  missing.delete("u/lookup-00000.bin");
  await assert.rejects(new Sought([], await openSite("", server(missing))).find(String(idOf(9))), /lookup-00000\.bin/);
});
