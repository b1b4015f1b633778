/** The element's links are read and written by the viewer's own code, and the page in a frame answers who frames it alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Camera } from "../src/camera.ts";
import { type Hosted, connectHost } from "../src/embed/guest.ts";
import { type SkyView, type Told, linkOf, viewOf } from "../src/embed/sky_element.ts";
import type { Frame, Overlay } from "../src/overlay.ts";
import { towards } from "../src/sky.ts";
import { formatViewState, parseViewState } from "../src/view_state.ts";

test("the viewer reads the element's links, and the element the viewer's", () => {
  const view: SkyView = {
    pos: [1e20, -2.5, 1 / 3],
    look: [83.8, -1.2],
    fov: 33.5,
    ev: -2.5,
    up: "equatorial",
    show: "constellations,equatorial",
  };
  assert.deepEqual(parseViewState(linkOf(view)), view);
  assert.deepEqual(viewOf(linkOf(view)), view);
  const camera = new Camera();
  camera.position = [1.2345678901234567e21, -3, 9.9e25];
  camera.look(towards(200.5, 40.25));
  const link = formatViewState(camera, "auto", "none");
  assert.deepEqual(viewOf(link), parseViewState(link));
  assert.deepEqual(viewOf(""), {});
});

test("names of any kind come through a link", () => {
  for (const name of ["M 31", "α Cen", "a&b=c#d", "18 36 +38.8", "100%"]) {
    const read = new URLSearchParams(linkOf({ fov: 20 }, name).replaceAll("+", "%2B"));
    assert.equal(read.get("goto"), name);
    assert.equal(read.get("fov"), "20");
  }
});

/** A page in a frame: what it told, how it is asked, and how a frame is drawn. */
async function framed(found = true) {
  const told: Told[] = [];
  const overlays: Overlay[] = [];
  let listen: (event: unknown) => void = () => assert.fail("nobody listens");
  const parent = { postMessage: (message: Told) => told.push(message) };
  const went: string[] = [];
  const helios = { ready: Promise.resolve(), go: async (link: string) => void went.push(link) };
  const addEventListener = (_: string, listener: typeof listen) => (listen = listener);
  Object.assign(globalThis, { window: { parent, helios, addEventListener } });
  const app = {
    hash: "#fov=60",
    flying: false,
    names: { seek: async () => ((app.flying = found), found) } as unknown as Hosted["names"],
    addOverlay: (overlay: Overlay) => void overlays.push(overlay),
  };
  await connectHost(app);
  const call = (what: string, text: string, source: unknown = parent) =>
    listen({ source, data: { helios: "call", id: 7, what, text } });
  const draw = (atRest: boolean) => overlays[0].draw({ atRest } as Frame);
  return { told, app, call, draw, went, rest: () => new Promise(setImmediate) };
}

test("a page in a frame tells its view: at first, in motion not each frame, at rest, and only what is new", async (context) => {
  let clock = 1000;
  context.mock.method(performance, "now", () => clock);
  const { told, app, draw } = await framed();
  assert.deepEqual(told, [{ helios: "ready", link: "#fov=60" }]);
  draw(true);
  assert.equal(told.length, 1);
  for (let fov = 59; fov > 49; fov--) {
    app.hash = `#fov=${fov}`;
    clock += 40;
    draw(false);
  }
  assert.deepEqual(
    told.slice(1).map(({ helios, ...rest }) => (assert.equal(helios, "view"), rest)),
    ["#fov=59", "#fov=56", "#fov=53", "#fov=50"].map((link) => ({ link })),
  );
  app.hash = "#fov=49";
  clock += 40;
  draw(false);
  assert.equal(told.length, 5);
  draw(true);
  assert.deepEqual(told.at(-1), { helios: "view", link: "#fov=49" });
});

test("it goes where it is told, and answers when it is there", async () => {
  const { told, app, call, draw, went, rest } = await framed();
  call("go", "fov=20");
  await rest();
  assert.deepEqual(went, ["fov=20"]);
  assert.deepEqual(told.at(-1), { helios: "answer", id: 7, value: true });
  call("goto", "Sirius");
  await rest();
  draw(false);
  await rest();
  assert.equal(told.length, 2);
  app.flying = false;
  draw(true);
  await rest();
  assert.equal(told.length, 3);
  const lost = await framed(false);
  lost.call("goto", "nothing");
  await lost.rest();
  assert.deepEqual(lost.told.at(-1), { helios: "answer", id: 7, value: false });
});

test("who hears that a flight has ended knows where, though the sky is not at rest yet", async (context) => {
  context.mock.method(performance, "now", () => 1000);
  const { told, app, call, draw, rest } = await framed();
  app.hash = "#fov=59";
  draw(false);
  call("goto", "Sirius");
  await rest();
  app.hash = "#fov=20";
  app.flying = false;
  draw(false);
  await rest();
  assert.deepEqual(told.slice(-2), [
    { helios: "view", link: "#fov=20" },
    { helios: "answer", id: 7, value: true },
  ]);
});

test("it does nothing for other windows, or for messages of other kinds", async () => {
  const { told, call, went, rest } = await framed();
  call("go", "fov=20", {});
  call("go", "fov=20", null);
  await rest();
  assert.deepEqual(went, []);
  assert.equal(told.length, 1);
});
