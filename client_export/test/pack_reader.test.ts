/** Cells come out of a pack whole, from servers with and without byte ranges, in few requests. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Entry, PackReader, Room, coalesce } from "../src/pack_reader.ts";

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

test("a server that sends whole files may, up to so many bytes; beyond, it is told what it takes", async () => {
  const read = (size: number, length: boolean) => {
    const whole: typeof fetch = async () =>
      new Response(new Uint8Array(size), { headers: length ? { "Content-Length": String(size) } : {} });
    return new PackReader("tiles.bin", null, whole, new Room(1000)).bytes({ start: 10, end: 20 });
  };
  for (const length of [true, false]) {
    assert.equal((await read(1000, length)).length, 10);
    await assert.rejects(read(1001, length), /tiles\.bin has more than 128 MB, and this server sends whole files only/);
  }
});

test("readers share the room for whole files", async () => {
  const room = new Room(1500);
  const whole: typeof fetch = async () => new Response(new Uint8Array(1000));
  const [one, two] = ["a", "b"].map((name) => new PackReader(name, null, whole, room));
  await one.bytes({ start: 0, end: 9 });
  await assert.rejects(two.bytes({ start: 0, end: 9 }), /^SiteError: b has more than/);
});

for (const [what, headers] of [
  ["of what gzip made of the file", { "Content-Encoding": "gzip" }],
  ["that were not asked for", { "Content-Range": "bytes 0-8/3000000" }],
] as const) {
  test(`where a server sends bytes ${what}, the whole file is asked for`, async () => {
    const log: (string | null)[] = [];
    const odd: typeof fetch = async (_, init) => {
      const range = new Headers(init?.headers).get("Range");
      log.push(range);
      return range ? new Response(PACK.slice(0, 9), { status: 206, headers }) : new Response(PACK.slice());
    };
    const reader = new PackReader("cells.pack.bin", PACK.length, odd);
    for (const start of [100, 2_000_000]) {
      assert.deepEqual(await reader.bytes({ start, end: start + 9 }), PACK.subarray(start, start + 9));
    }
    assert.deepEqual(log, ["bytes=100-108", null]);
  });
}

test("other requests go on once the first is answered, though its body stalls", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const log: string[] = [];
  const sound = server(true, log);
  const stalling: typeof fetch = async (url, init) => {
    if (log.length > 0) return sound(url, init);
    log.push("first");
    const { signal } = init as { signal: AbortSignal };
    const start = (body: ReadableStreamDefaultController) =>
      signal.addEventListener("abort", () => body.error(signal.reason));
    return new Response(new ReadableStream({ start }), { status: 206 });
  };
  const reader = new PackReader("cells.pack.bin", PACK.length, stalling);
  const first = assert.rejects(reader.bytes({ start: 0, end: 9 }), /nothing came for 10 seconds/);
  assert.deepEqual(await reader.bytes({ start: 50, end: 59 }), PACK.subarray(50, 59));
  assert.deepEqual(log, ["first", "bytes=50-58"]);
  t.mock.timers.tick(10_000);
  await first;
});
