/** A tour goes through its stops by a clock, pauses, goes on where it was, and comes back to a stop that was left. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Camera } from "../src/camera.ts";
import { raDecOf } from "../src/sky.ts";
import { parseListed } from "../src/tour/connect.ts";
import { type Clock, Player } from "../src/tour/player.ts";
import { type Stop, parseTour } from "../src/tour/tour_file.ts";
import { ViewWay } from "../src/tour/way.ts";

const stop = (title: string, seconds: number): Stop => ({ title, text: title, seconds, goto: title, view: {} });
const STOPS = [stop("a", 10), stop("b", 4), stop("c", 6)];
/** How long a flight takes here, milliseconds. */
const FLIGHT_MS = 1000;

/** Time that goes on when told. */
class FakeClock implements Clock {
  private time = 0;
  private readonly waiting = new Set<{ at: number; done: () => void }>();

  now(): number {
    return this.time;
  }

  after(ms: number, done: () => void): () => void {
    const one = { at: this.time + ms, done };
    this.waiting.add(one);
    return () => this.waiting.delete(one);
  }

  /** Lets `ms` pass, each thing done at its time. */
  async pass(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      await settled();
      const [next] = [...this.waiting].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.waiting.delete(next);
      this.time = next.at;
      next.done();
    }
    this.time = end;
  }

  get idle(): boolean {
    return this.waiting.size === 0;
  }
}

const settled = () => new Promise((done) => setImmediate(done));

function played(missing = "") {
  const clock = new FakeClock();
  const log: string[] = [];
  const go = ({ title }: Stop, wanted: () => boolean) =>
    new Promise<boolean>((arrive) => {
      log.push(`${clock.now()} to ${title}`);
      clock.after(FLIGHT_MS, () => {
        if (wanted() && title !== missing) log.push(`${clock.now()} at ${title}`);
        arrive(title !== missing);
      });
    });
  let changes = 0;
  const player = new Player(STOPS, go, clock, () => changes++);
  return { clock, log, player, changes: () => changes };
}

test("a tour goes from stop to stop, stays as long as each says, ends at the last, and begins again", async () => {
  const { clock, log, player } = played();
  player.play();
  await clock.pass(100_000);
  assert.deepEqual(log, ["0 to a", "1000 at a", "11000 to b", "12000 at b", "16000 to c", "17000 at c"]);
  assert.deepEqual([player.index, player.playing, player.ended, clock.idle], [2, false, true, true]);
  player.play();
  await clock.pass(FLIGHT_MS);
  assert.deepEqual(log.slice(6), ["100000 to a", "101000 at a"]);
  assert.deepEqual([player.index, player.playing, player.ended], [0, true, false]);
});

test("a pause stops the clock, and what was left of the stop is left", async () => {
  const { clock, log, player } = played();
  player.play();
  await clock.pass(4000);
  player.pause();
  assert.ok(clock.idle);
  await clock.pass(50_000);
  player.play();
  await clock.pass(6999);
  assert.equal(player.index, 0);
  await clock.pass(1);
  assert.deepEqual(log.slice(2), ["61000 to b"]);
});

test("who took the camera is brought back to the stop, on the way and there", async () => {
  const { clock, log, player } = played();
  player.play();
  await clock.pass(500);
  player.pause(true);
  await clock.pass(5000);
  assert.deepEqual(log, ["0 to a"]);
  player.play();
  await clock.pass(3000);
  assert.deepEqual(log, ["0 to a", "5500 to a", "6500 at a"]);
  player.pause(true);
  player.play();
  await clock.pass(FLIGHT_MS + 9999);
  assert.deepEqual(log.slice(3), ["8500 to a", "9500 at a"]);
  await clock.pass(1);
  assert.deepEqual(log.slice(5), ["19500 to b"]);
});

test("next and previous go at once, playing on or paused as before, and not beyond the ends", async () => {
  const { clock, log, player } = played();
  player.play();
  await clock.pass(2000);
  player.skip(-1);
  assert.equal(player.index, 0);
  player.skip(1);
  player.skip(1);
  player.skip(1);
  await clock.pass(1500);
  assert.deepEqual(log.slice(2), ["2000 to b", "2000 to c", "3000 at c"]);
  player.pause();
  player.skip(-1);
  await clock.pass(60_000);
  assert.deepEqual(log.slice(5), ["3500 to b", "4500 at b"]);
  assert.deepEqual([player.index, player.playing], [1, false]);
  player.play();
  await clock.pass(4000);
  assert.deepEqual(log.slice(7), ["67500 to c"]);
});

test("a place that is not there pauses the tour at its text", async () => {
  const { clock, log, player, changes } = played("b");
  player.play();
  await clock.pass(100_000);
  assert.deepEqual([player.index, player.playing, clock.idle], [1, false, true]);
  const before = changes();
  player.skip(1);
  assert.equal(changes(), before + 1);
  await clock.pass(FLIGHT_MS);
  assert.ok(log.at(-1)?.endsWith("at c"));
});

test("a way ends exactly at the view that a stop says, and leaves what it does not say", () => {
  const camera = new Camera();
  camera.position = [1e17, -2e16, 3e15];
  const way = new ViewWay(camera, { pos: [-1.5e16, 2.25, 1e3], look: [39.5, 60.8], fov: 20 });
  const places = [0, 1, 2, 3, 4, 5, 5.9].map((seconds) => {
    assert.equal(way.step(seconds), false);
    return camera.position[0];
  });
  assert.equal(places[0], 1e17);
  for (let i = 1; i < places.length; i++) assert.ok(places[i] < places[i - 1]);
  assert.equal(way.step(7), true);
  assert.deepEqual(camera.position, [-1.5e16, 2.25, 1e3]);
  const { ra, dec } = raDecOf(camera.forward);
  assert.ok(Math.abs(ra - 39.5) < 1e-9 && Math.abs(dec - 60.8) < 1e-9);
  assert.ok(Math.abs(camera.fovDeg - 20) < 1e-12);
  new ViewWay(camera, { fov: 60 }).jump();
  assert.deepEqual(camera.position, [-1.5e16, 2.25, 1e3]);
  assert.ok(Math.abs(camera.fovDeg - 60) < 1e-12);
});

const SHIPPED = new URL("../../catalogs/tours/first_light.json", import.meta.url);
const GOOD = { title: "A", text: "B", seconds: 5, goto: "Sirius" };
const tourOf = (stop: object) => JSON.stringify({ version: 1, title: "T", stops: [GOOD, stop] });

test("the tour that ships reads: a place or a view for each stop, as its file has them", () => {
  const text = readFileSync(SHIPPED, "utf8");
  const { title, stops } = parseTour(text, "first_light.json");
  const raw = (JSON.parse(text) as { stops: { goto?: string; pos?: number[]; show?: string }[] }).stops;
  assert.equal(title, "First light");
  assert.deepEqual(
    stops.map((each) => [each.goto, each.view.pos, each.view.show]),
    raw.map((each) => [each.goto ?? null, each.pos, each.show]),
  );
});

test("a view is taken as a link's", () => {
  const stop = {
    title: "A",
    text: "B",
    seconds: 5,
    pos: [1.5e20, -2, 0],
    look: [10, -5],
    fov: 30,
    ev: -2.5,
    show: "rings",
  };
  const [, { goto, view }] = parseTour(tourOf(stop), "t.json").stops;
  assert.equal(goto, null);
  assert.deepEqual(view, { pos: [1.5e20, -2, 0], look: [10, -5], fov: 30, ev: -2.5, show: "rings" });
});

test("a wrong tour is refused with its file, stop and field", () => {
  const { goto: _, ...nowhere } = GOOD;
  const wrong: [object, RegExp][] = [
    [{ ...GOOD, seconds: 0 }, /^t\.json: stop 2: "seconds" is 0/],
    [{ ...GOOD, seconds: "5" }, /^t\.json: stop 2: "seconds" is "5"/],
    [{ ...GOOD, title: 3 }, /^t\.json: stop 2: "title" is 3/],
    [{ ...GOOD, look: [1, 91] }, /^t\.json: stop 2: "look" is \[1,91\]/],
    [{ ...GOOD, look: [1] }, /^t\.json: stop 2: "look" is \[1\], must be 2 numbers/],
    [{ ...GOOD, ev: "dark" }, /^t\.json: stop 2: "ev" is "dark"/],
    [{ ...GOOD, pos: [0, 0, 0] }, /^t\.json: stop 2 must have either/],
    [nowhere, /^t\.json: stop 2 must have either/],
  ];
  for (const [stop, message] of wrong) assert.throws(() => parseTour(tourOf(stop), "t.json"), { message });
  assert.throws(() => parseTour('{"version": 2}', "t.json"), /t\.json has version 2/);
  assert.throws(() => parseTour('{"version": 1, "title": "T", "stops": []}', "t.json"), /t\.json has no stops/);
  assert.throws(() => parseListed([{ file: "a.json" }], "site.json"), /site\.json: tour 0: "title"/);
});
