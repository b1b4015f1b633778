/**
 * Who flies to a star finds it lit: where a flight ends is known, and opens on the way, unseen.
 *
 * The pack is that of the test vectors, 1600 stars. Those within 10 kpc count: one a megaparsec away is alone in its sky, where
 * any fade is seen and takes as long as it may.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PARSEC_M } from "../src/sky.ts";
import { length } from "../src/vec.ts";
import { arrive, placeOf, shareShown } from "./arrivals.ts";
import { starsOf } from "./drawing.ts";
import { SlowServer, openSource } from "./flights.ts";

const FOLDER = new URL("../../tests/data/v2/", import.meta.url);
const SPLATS = 1200;
const GOALS = 10;

test(
  "of ten stars that are flown to each shows nine tenths of its light at arrival",
  { timeout: 600_000 },
  async () => {
    const reader = new SlowServer(FOLDER, 0);
    const stars = await reader.until(starsOf(reader.fetcher));
    const { source } = await openSource(reader, SPLATS);
    const hidden = Array.from({ length: stars.count }, (_, i) => i).filter(
      (i) => length(placeOf(stars, i)) < 1e4 * PARSEC_M && shareShown(source, stars, i) === 0,
    );
    assert.ok(hidden.length > 100);
    let most = 0;
    for (let k = 0; k < GOALS; k++) {
      const i = hidden[Math.floor(((k + 0.5) / GOALS) * hidden.length)];
      const [ahead, behind] = await Promise.all(
        [true, false].map(async (told) => {
          const server = new SlowServer(FOLDER, 6);
          const opened = await openSource(server, SPLATS);
          opened.source.budget.share = 0;
          const arrival = await arrive(server, opened.source, stars, i, { told });
          assert.deepEqual(opened.told, []);
          return arrival;
        }),
      );
      assert.ok(ahead.share >= 0.9, `star ${i}: ${ahead.share}`);
      assert.ok(ahead.late <= behind.late);
      most = Math.max(most, behind.late - ahead.late);
    }
    assert.ok(most >= 30, "what is known of the end opens it earlier");
  },
);
