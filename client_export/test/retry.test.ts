/** Where the network fails, or the server says that it is at fault, what is missing comes once it is there again. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import type { TreeSource } from "../src/tree/source.ts";
import { VIEW, open, packServer } from "./packs.ts";

/**
 * The server of the pack, whose shard cannot be had while `state.down`: there is no answer, or one with this status and
 * these headers.
 */
function failing(
  state: { down: boolean; asked: number },
  status: number | null,
  headers: Record<string, string> = {},
): typeof fetch {
  const server = packServer();
  return async (url, init) => {
    if (!String(url).startsWith("tiles")) return server(url, init);
    // Without an answer it is seen to whether the server minds ranges, by a request without one.
    if (new Headers(init?.headers).has("Range")) state.asked++;
    if (!state.down) return server(url, init);
    if (status === null) throw new TypeError("Failed to fetch");
    return new Response("", { status, headers });
  };
}

/** At which of 200 seconds the shard is asked for again, each second by a view that wants it. */
async function askedAt(state: { asked: number }, source: TreeSource): Promise<number[]> {
  const times: number[] = [];
  for (let second = 1; second <= 200; second++) {
    const before = state.asked;
    mock.timers.tick(1000);
    await source.settle(VIEW());
    if (state.asked > before) times.push(second);
  }
  return times;
}

for (const status of [null, 429, 500, 503]) {
  test(`after ${status ?? "no answer"} all comes that is missing, and it was told once`, async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      const state = { down: true, asked: 0 };
      const { source, problems } = await open(failing(state, status));
      await source.settle(VIEW());
      assert.equal(problems.length, 1);
      assert.match(problems[0], /tiles-00000\.bin cannot be read/);
      assert.ok(source.store.count < 1600);
      assert.equal(state.asked, 1);
      await source.settle(VIEW());
      assert.equal(state.asked, 1); // it is left alone
      assert.deepEqual(await askedAt(state, source), [1, 3, 7, 15, 31, 63, 123, 183]);
      state.down = false;
      mock.timers.tick(60_000);
      await source.settle(VIEW());
      assert.equal(
        [...source.store.cells].reduce((sum, { points, count }) => sum + (points ? count : 0), 0),
        1600,
      );
      assert.equal(problems.length, 1);
    } finally {
      mock.timers.reset();
    }
  });
}

const DATE = "Wed, 21 Oct 2065 07:28:00 GMT";
for (const [after, times] of [
  ["5", [5, 10, 15, 23, 39, 71, 131, 191]],
  ["20", [20, 40, 60, 80, 100, 132, 192]],
  ["86400", [60, 120, 180]],
  ["-1", [1, 3, 7, 15, 31, 63, 123, 183]],
  [DATE, [1, 3, 7, 15, 31, 63, 123, 183]],
] as const) {
  for (const status of [429, 503]) {
    test(`HTTP ${status} with Retry-After: ${after} is asked again not before, nor after a minute`, async () => {
      mock.timers.enable({ apis: ["setTimeout"] });
      try {
        const state = { down: true, asked: 0 };
        const { source, problems } = await open(failing(state, status, { "Retry-After": after }));
        await source.settle(VIEW());
        assert.deepEqual(await askedAt(state, source), times);
        assert.equal(problems.length, 1);
      } finally {
        mock.timers.reset();
      }
    });
  }
}

test("what the server does not have is not asked for again", async () => {
  const state = { down: true, asked: 0 };
  const { source, problems } = await open(failing(state, 404));
  await source.settle(VIEW());
  await source.settle(VIEW());
  assert.equal(state.asked, 1);
  assert.equal(problems.length, 1);
});
