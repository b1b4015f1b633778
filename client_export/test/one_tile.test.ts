/** A tile that cannot be had costs itself alone: the others come, it is asked for again, and all is told in words. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { Folder } from "../src/http.ts";
import { openTree } from "../src/tree/pack.ts";
import { TreeSource } from "../src/tree/source.ts";
import { ALL, VIEW, packServer } from "./packs.ts";

const SIZE = readFileSync(new URL("../../tests/data/v2/tiles-00000.bin", import.meta.url)).length;
const STARS = 1600;

type Bad = (signal: AbortSignal) => Promise<Response>;
const status = (code: number) => async () => new Response("", { status: code });
const stall: Bad = (signal) => new Promise((_, fail) => signal.addEventListener("abort", () => fail(signal.reason)));

/** The server of the pack, of which requests for byte `at` of the shard go to `bad` while there is one. */
function serverWith(state: { bad: Bad | null; asked: [from: number, to: number][] }, at: number): typeof fetch {
  const server = packServer();
  return async (url, init) => {
    if (!String(url).startsWith("tiles")) return server(url, init);
    const range = new Headers(init?.headers).get("Range") as string;
    const [from, to] = range.slice("bytes=".length).split("-").map(Number);
    state.asked.push([from, to]);
    return state.bad && from <= at && at <= to ? state.bad(init?.signal as AbortSignal) : server(url, init);
  };
}

async function open(t: TestContext, bad: Bad, at = SIZE >> 1) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const state = { bad: bad as Bad | null, asked: [] as [number, number][] };
  const told: string[] = [];
  let mended = 0;
  const source = new TreeSource(await openTree(new Folder("", serverWith(state, at))), {
    onCell: () => {},
    onProgress: (...progress) => (last = progress),
    onChange: () => {},
    onError: (message) => told.push(message),
    onMended: () => mended++,
  });
  let last = [0, 0];
  source.budget = ALL;
  /** Lets a second go by, in which a view wants all. */
  let now = 0;
  const second = async () => {
    source.update(VIEW(), (now += 1000));
    source.load(VIEW());
    for (let turn = 0; turn < 60; turn++) await new Promise((done) => setImmediate(done));
    t.mock.timers.tick(1000);
  };
  const stars = () => [...source.store.cells].reduce((sum, { points, count }) => sum + (points ? count : 0), 0);
  return { state, source, told, second, stars, mended: () => mended, progress: () => last };
}

for (const [what, bad, words] of [
  ["503", status(503), /HTTP 503/],
  ["403", status(403), /HTTP 403/],
  ["a stall", stall, /nothing came for 10 seconds/],
] as const) {
  for (const share of [0.3, 0.5, 0.98]) {
    test(`${what} of the tile at ${100 * share} % of the shard costs it alone, until it is tried again`, async (t) => {
      const at = Math.floor(share * SIZE);
      const { state, source, told, second, stars, mended, progress } = await open(t, bad, at);
      for (let i = 0; i < 100; i++) await second();
      const without = stars();
      assert.ok(without > 0.7 * STARS && without < STARS, `${without} stars`);
      assert.ok(told.length >= 1 && told.length <= 2);
      for (const message of told) assert.match(message, words);
      assert.equal(mended(), 0);
      // It is asked for alone in the end, and less and less often.
      assert.ok(state.asked.some(([from, to]) => from <= at && at <= to && to - from < SIZE / 2));
      assert.ok(state.asked.length < 40);
      assert.deepEqual(progress(), [0, 0]); // nothing is said to load
      state.bad = null;
      source.retry();
      for (let i = 0; i < 30 && mended() === 0; i++) await second(); // it may be asked for still
      assert.equal(stars(), STARS);
      assert.equal(mended(), 1);
    });
  }
}

test("a tile that comes damaged once is read again unseen, past the caches; twice, it is told", async () => {
  for (const [times, expected] of [
    [1, 0],
    [2, 1],
  ]) {
    let left = times;
    const caches: (string | undefined)[] = [];
    const damage: typeof fetch = async (url, init) => {
      const answer = await packServer()(url, init);
      if (!String(url).startsWith("tiles")) return answer;
      caches.push(init?.cache);
      const bytes = new Uint8Array(await answer.arrayBuffer());
      if (left-- > 0) bytes[bytes.length >> 1] ^= 1;
      return new Response(bytes, { status: 206 });
    };
    const told: string[] = [];
    const ignore = () => {};
    const source = new TreeSource(await openTree(new Folder("", damage)), {
      onCell: ignore,
      onProgress: ignore,
      onChange: ignore,
      onError: (message) => told.push(message),
    });
    source.budget = ALL;
    await source.settle(VIEW());
    assert.equal(told.length, expected);
    if (told.length > 0) assert.match(told[0], /tiles-00000\.bin, tile of cell .* is damaged: its CRC-32/);
    assert.equal(caches.filter((cache) => cache === "reload").length, 1);
    const stars = [...source.store.cells].reduce((sum, { points, count }) => sum + (points ? count : 0), 0);
    assert.equal(stars < STARS, expected > 0);
  }
});

for (const file of ["sky.bin", "glow.bin"]) {
  test(`without ${file} the rest is shown, and it comes when it is tried again`, async () => {
    let gone = true;
    const server = packServer();
    const fetcher: typeof fetch = async (url, init) =>
      gone && String(url) === file ? new Response("", { status: 404 }) : server(url, init);
    const told: string[] = [];
    let mended = 0;
    const ignore = () => {};
    const source = new TreeSource(await openTree(new Folder("", fetcher)), {
      onCell: ignore,
      onProgress: ignore,
      onChange: ignore,
      onError: (message) => told.push(message),
      onMended: () => mended++,
    });
    source.budget = ALL;
    await source.settle(VIEW());
    assert.match(told.join(), new RegExp(`^${file} cannot be read: the server answered HTTP 404$`));
    gone = false;
    source.retry();
    while (mended === 0) await new Promise((done) => setImmediate(done));
    await source.settle(VIEW());
    assert.equal(mended, 1);
    assert.ok(source.glow);
    const stars = [...source.store.cells].reduce((sum, { points, count }) => sum + (points ? count : 0), 0);
    assert.equal(stars, STARS);
  });
}

test("the first sky does not wait for a glow that stalls, which comes later", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const server = packServer();
  let asked = 0;
  const fetcher: typeof fetch = (url, init) =>
    String(url) === "glow.bin" && asked++ === 0 ? stall(init?.signal as AbortSignal) : server(url, init);
  const opening = openTree(new Folder("", fetcher));
  const turns = async () => {
    for (let turn = 0; turn < 60; turn++) await new Promise((done) => setImmediate(done));
  };
  while (asked === 0) await turns(); // files are read as fast as the machine does
  await turns();
  t.mock.timers.tick(2000);
  const pack = await opening;
  assert.ok(pack.sky && !pack.glow && pack.problems.length === 0);
  const ignore = () => {};
  const source = new TreeSource(pack, {
    onCell: ignore,
    onProgress: ignore,
    onChange: ignore,
    onError: (message) => assert.fail(message),
  });
  source.load(VIEW());
  await turns();
  t.mock.timers.tick(8000);
  await turns();
  while (!source.glow) {
    t.mock.timers.tick(1000);
    await turns();
  }
  assert.equal(asked, 2);
});
