/** Cells come out of a pack whole, from servers with and without byte ranges, in few requests. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Entry, PackReader, coalesce } from "../src/pack_reader.ts";

const PACK = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 7919) >> 3);

function entriesEvery(step: number, size: number): Entry[] {
  return Array.from({ length: Math.floor(PACK.length / step) }, (_, i) => ({ offset: i * step, size }));
}

function server(ranges: boolean, log: string[], body: Uint8Array<ArrayBuffer> = PACK): typeof fetch {
  return async (_, init) => {
    const range = new Headers(init?.headers).get("Range") as string;
    log.push(range);
    const [start, end] = range.slice("bytes=".length).split("-").map(Number);
    return ranges
      ? new Response(body.slice(start, end + 1), { status: 206 })
      : new Response(body.slice(), { status: 200 });
  };
}

async function readAll(fetcher: typeof fetch, entries: Entry[]): Promise<Map<Entry, Uint8Array>> {
  const found = new Map<Entry, Uint8Array>();
  await new PackReader("cells.pack.bin", PACK.length, fetcher).read(entries, (entry, bytes) => found.set(entry, bytes));
  return found;
}

test("neighbours in the file are read together, up to a megabyte, and far ones alone", () => {
  const ranges = coalesce(entriesEvery(10_000, 9_000));
  assert.equal(ranges.length, 3);
  assert.ok(ranges.every(({ start, end }) => end - start <= 1 << 20));
  assert.equal(coalesce(entriesEvery(100_000, 1_000)).length, 30);
});

for (const ranges of [true, false]) {
  test(`every cell comes whole, ${ranges ? "by ranges" : "from the whole file, sent once"}`, async () => {
    const log: string[] = [];
    const entries = entriesEvery(10_000, 9_000).reverse();
    const found = await readAll(server(ranges, log), entries);
    assert.equal(found.size, entries.length);
    for (const entry of entries) {
      assert.deepEqual(found.get(entry), PACK.subarray(entry.offset, entry.offset + entry.size));
    }
    assert.equal(log.length, ranges ? 3 : 1);
  });
}

test("a pack that is shorter than announced, or missing, is said", async () => {
  const short = PACK.slice(0, -5);
  const last = [{ offset: PACK.length - 100, size: 100 }];
  for (const ranges of [true, false]) {
    await assert.rejects(readAll(server(ranges, [], short), last), /cells\.pack\.bin is truncated or of another pack/);
  }
  const missing: typeof fetch = async () => new Response("", { status: 404 });
  await assert.rejects(readAll(missing, last), /cells\.pack\.bin cannot be read: the server answered HTTP 404/);
  const offline: typeof fetch = () => Promise.reject(new TypeError("Failed to fetch"));
  await assert.rejects(readAll(offline, last), /cells\.pack\.bin cannot be read: Failed to fetch/);
});
