/** A request ends when nothing comes, however long it takes as a whole; what may come is asked for again, later each time. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { RefusedError, SiteError, UnreachableError } from "../src/errors.ts";
import { Folder, STALL_MS, get, pauseAfter, persist } from "../src/http.ts";

/** A server that sends `count` bytes each time `send` is called, and at its end what a body that has ended says. */
function slowServer() {
  let controller: ReadableStreamDefaultController<Uint8Array>;
  const fetcher: typeof fetch = async (_, init) => {
    const body = new ReadableStream<Uint8Array>({ start: (own) => void (controller = own) });
    init?.signal?.addEventListener("abort", () => controller.error(init.signal?.reason));
    return new Response(body);
  };
  const settled = () => new Promise((done) => setImmediate(done));
  return {
    fetcher,
    settled,
    send: async (count: number) => {
      controller.enqueue(new Uint8Array(count));
      await settled();
    },
    end: () => controller.close(),
  };
}

const timers = (t: TestContext) => t.mock.timers.enable({ apis: ["setTimeout"] });

test("a body that keeps coming is waited for, however slowly, and its bytes are told", async (t) => {
  timers(t);
  const { fetcher, send, settled, end } = slowServer();
  let told = 0;
  const reading = get(fetcher, "a.bin", [200], {}, { onBytes: (count) => (told += count) });
  await settled();
  for (let i = 1; i <= 100; i++) {
    await send(300);
    assert.equal(told, 300 * i);
    t.mock.timers.tick(STALL_MS - 1);
  }
  end();
  assert.equal((await reading).body.length, 30_000);
});

for (const [what, bytes] of [
  ["nothing", 0],
  ["as good as nothing", 1],
] as const) {
  test(`a body of which ${what} comes for ten seconds is given up`, async (t) => {
    timers(t);
    const { fetcher, send, settled } = slowServer();
    const reading = assert.rejects(
      get(fetcher, "a.bin", [200]),
      (reason) =>
        reason instanceof UnreachableError && reason.message === "a.bin cannot be read: nothing came for 10 seconds",
    );
    await settled();
    await send(300);
    for (let second = 0; second < 10; second++) {
      if (bytes > 0) await send(bytes);
      t.mock.timers.tick(1000);
    }
    await reading;
  });
}

test("a server that never answers is given up", async (t) => {
  timers(t);
  const fetcher: typeof fetch = (_, init) =>
    new Promise((_done, fail) => init?.signal?.addEventListener("abort", () => fail(init.signal?.reason)));
  const reading = assert.rejects(get(fetcher, "site.json", [200]), /site\.json cannot be read: nothing came for 10 s/);
  t.mock.timers.tick(STALL_MS);
  await reading;
});

test("which answers may come later, and which will not", async () => {
  const answer = (status: number, headers = {}) => get(async () => new Response("", { status, headers }), "f", [200]);
  for (const status of [429, 500, 502, 503, 504]) {
    await assert.rejects(answer(status, { "Retry-After": "7" }), (reason) => {
      assert.ok(reason instanceof UnreachableError);
      assert.equal(reason.afterMs, 7000);
      return true;
    });
  }
  for (const status of [401, 403]) await assert.rejects(answer(status), RefusedError);
  for (const status of [404, 410]) {
    await assert.rejects(
      answer(status),
      (reason) =>
        reason instanceof SiteError && !(reason instanceof UnreachableError || reason instanceof RefusedError),
    );
  }
  await assert.rejects(answer(200, { "Content-Type": "text/html; charset=utf-8" }), /a web page instead/);
});

test("pauses double up to a minute, and are no shorter than the server asks for", () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7, 50].map((tries) => pauseAfter(tries, 0)),
    [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000],
  );
  assert.deepEqual([pauseAfter(1, 5000), pauseAfter(4, 5000), pauseAfter(1, 1e9)], [5000, 8000, 60_000]);
});

/** Runs `persist` with what fails `failures` times; returns at which second each try was, and what was said. */
async function persisted(t: TestContext, failures: number, error: Error): Promise<[number[], string[], unknown]> {
  timers(t);
  let now = 0;
  const tried: number[] = [];
  const said: string[] = [];
  const work = async () => {
    tried.push(now);
    if (tried.length <= failures) throw error;
    return "it";
  };
  const onWait = (why: string, ms: number) => void said.push(`${why}, ${ms / 1000} s`);
  let result: unknown = null;
  persist(work, { onWait }).then(
    (value) => (result = value),
    (reason: unknown) => (result = reason),
  );
  for (; now < 100 && result === null; now++) {
    await new Promise((done) => setImmediate(done));
    t.mock.timers.tick(1000);
  }
  return [tried, said, result];
}

test("what may come is asked for four times, after 1, 2 and 4 seconds, and the visitor is told", async (t) => {
  const gone = new UnreachableError("f: gone");
  assert.deepEqual(await persisted(t, 3, gone), [[0, 1, 3, 7], ["f: gone, 1 s", "f: gone, 2 s", "f: gone, 4 s"], "it"]);
});

test("then it is given up", async (t) => {
  const gone = new UnreachableError("f: gone", 3000);
  const [tried, , result] = await persisted(t, 9, gone);
  assert.deepEqual([tried, result], [[0, 3, 6, 10], gone]);
});

test("what will not come is asked for once", async (t) => {
  const missing = new SiteError("f: missing");
  assert.deepEqual(await persisted(t, 9, missing), [[0], [], missing]);
});

test("a file that comes damaged is read once more, past the caches", async () => {
  const asked: (string | undefined)[] = [];
  const folder = (bodies: string[]) =>
    new Folder("p/", async (_, init) => {
      asked.push(init?.cache);
      return new Response(bodies.shift());
    });
  const decode = (bytes: Uint8Array) => {
    const text = new TextDecoder().decode(bytes);
    if (text !== "sound") throw new SiteError(`p/f is damaged: ${text}`);
    return text;
  };
  assert.equal(await folder(["cut", "sound"]).decoded("f", decode), "sound");
  await assert.rejects(folder(["cut", "flipped"]).decoded("f", decode), /p\/f is damaged: flipped/);
  assert.deepEqual(asked, [undefined, "reload", undefined, "reload"]);
});
