/** An overlay is told the camera of the frame and whether it rests, and needs nothing of the page but its elements. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Camera } from "../src/camera.ts";
import { Destination } from "../src/destination.ts";
import type { Landmark } from "../src/landmark.ts";
import type { Frame, Overlay } from "../src/overlay.ts";
import { PARSEC_M } from "../src/sky.ts";
import { SplatStore } from "../src/splat_store.ts";
import { cellOf, splatAt } from "./cells.ts";

const PLACE: Landmark = {
  id: "place",
  name: "Place",
  kind: "star_cluster",
  position: [100 * PARSEC_M, 0, 0],
  radiusM: PARSEC_M,
  description: "a place",
};

/** A destination at `PLACE` over a sky of `splats`, and its three lines of text. */
function destinationOver(splats: number[][]) {
  const lines = ["goal", "about", "hint"].map(() => ({ textContent: "" }));
  const store = new SplatStore(splats.length);
  if (splats.length > 0) store.add("sky", cellOf(splats, PLACE.position, PARSEC_M), true);
  const [goal, about, hint] = lines as HTMLElement[];
  const destination = new Destination(goal, about, hint, store);
  destination.set(PLACE);
  return { destination, lines };
}

test("overlays of a list are drawn in its order, each with the frame", () => {
  const { destination, lines } = destinationOver([]);
  const drawn: string[] = [];
  const toy: Overlay = {
    draw: ({ camera, size, atRest }) => {
      const at = camera.project(PLACE.position, size.width, size.height);
      drawn.push(`${lines[0].textContent}: ${at?.x}, ${at?.y}, ${atRest}`);
    },
  };
  const camera = new Camera();
  camera.look(PLACE.position);
  const frame: Frame = { camera, size: { width: 640, height: 480, density: 1 }, atRest: false };
  for (const overlay of [destination, toy]) overlay.draw(frame);
  assert.deepEqual(drawn, ["Place   ·   100 pc · 326 ly away: 320, 240, false"]);
});

test("a destination says that it is empty once the camera rests, and only where it is", () => {
  const empty = "No star of it is in this universe: the ring marks its place.";
  for (const [splats, hint] of [
    [[], empty],
    [[splatAt([3 * PARSEC_M, 0, 0])], empty],
    [[splatAt([PARSEC_M, 0, 0])], ""],
  ] satisfies [number[][], string][]) {
    const { destination, lines } = destinationOver(splats);
    const frame = { camera: new Camera(), size: { width: 640, height: 480, density: 1 } };
    destination.draw({ ...frame, atRest: false });
    assert.equal(lines[2].textContent, "");
    destination.draw({ ...frame, atRest: true });
    assert.equal(lines[2].textContent, hint);
  }
});

test("a destination that was reached and left behind is spoken of no more", () => {
  const { destination, lines } = destinationOver([]);
  const frame = { camera: new Camera(), size: { width: 640, height: 480, density: 1 }, atRest: false };
  destination.draw(frame);
  assert.equal(destination.current, PLACE); // far away, but on the way there
  frame.camera.position = PLACE.position;
  destination.draw(frame);
  frame.camera.position = [0, 0, 1000 * PARSEC_M];
  destination.draw(frame);
  assert.equal(destination.current, null);
  assert.deepEqual(
    lines.map(({ textContent }) => textContent),
    ["", "", ""],
  );
});
