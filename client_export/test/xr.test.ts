/** The camera and the part of its picture that stand for an eye agree with the eye's matrices, as OpenGL multiplies them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { UP, towards } from "../src/sky.ts";
import { type Vec3, add, cross, dot, length, scale, sub } from "../src/vec.ts";
import { EyeCamera, Room, partOf, pictureFor, tangentsOf } from "../src/xr/eyes.ts";
import { randomFrom } from "./random.ts";

/** A perspective of these tangents [16], by columns; near 0.1, far 1000. */
function perspective(left: number, right: number, below: number, above: number): Float32Array {
  const [near, far] = [0.1, 1000];
  return Float32Array.of(
    ...[2 / (right - left), 0, 0, 0],
    ...[0, 2 / (above - below), 0, 0],
    ...[(right + left) / (right - left), (above + below) / (above - below), -(far + near) / (far - near), -1],
    ...[0, 0, (-2 * far * near) / (far - near), 0],
  );
}

/** A turned and moved pose [16], by columns, of whole degrees about y, x and z. */
function pose(yaw: number, pitch: number, roll: number, at: Vec3): Float32Array {
  const turn = (angle: number, from: number, to: number) => (v: Vec3) => {
    const [sin, cos] = [Math.sin((angle * Math.PI) / 180), Math.cos((angle * Math.PI) / 180)];
    const turned = [...v];
    turned[from] = v[from] * cos - v[to] * sin;
    turned[to] = v[from] * sin + v[to] * cos;
    return turned as unknown as Vec3;
  };
  const axis = (v: Vec3) => turn(yaw, 2, 0)(turn(pitch, 1, 2)(turn(roll, 0, 1)(v)));
  const columns = [axis([1, 0, 0]), axis([0, 1, 0]), axis([0, 0, 1])];
  return Float32Array.of(...columns.flatMap((column) => [...column, 0]), ...at, 1);
}

test("a point of the sky is in the picture's part where the matrices put it in the viewport", () => {
  const random = randomFrom(8);
  const some = (most: number) => (random(2001) / 1000 - 1) * most;
  let seen = 0;
  for (let round = 0; round < 200; round++) {
    const forward = towards(random(360), some(80));
    const upName = round % 2 ? "ecliptic" : "equatorial";
    const room = new Room(forward, upName);
    const eyes = [perspective(-1.2, 0.9, -1.1, 0.8), perspective(-0.9, 1.2, -1.1, 0.8)].map((projection, side) => ({
      projection,
      tangents: tangentsOf(projection),
      viewport: { x: 700 * side, y: 0, width: 700, height: 650 },
      matrix: pose(some(180), some(60), some(20), [some(0.5), some(2), some(0.5)]),
    }));
    const picture = pictureFor(eyes);
    const camera = new EyeCamera();
    camera.fovDeg = picture.fovDeg;
    for (const { projection, tangents, viewport, matrix } of eyes) {
      const { offset, ...axes } = room.pose(matrix);
      camera.axes = axes;
      camera.position = offset;
      // A point of the reference space, 1 to 100 m from the eye, about in view.
      const distance = 1 + random(100);
      const to = [some(0.6), some(0.6), -1].map((value) => value * distance);
      const inRoom = [0, 1, 2].map(
        (row) => matrix[row] * to[0] + matrix[4 + row] * to[1] + matrix[8 + row] * to[2] + matrix[12 + row],
      );
      const clip = [0, 1, 3].map((row) => [0, 1, 2].reduce((sum, k) => sum + projection[4 * k + row] * to[k], 0));
      const ndc = [clip[0] / clip[2], clip[1] / clip[2]];
      const found = camera.project(room.turned(inRoom[0], inRoom[1], inRoom[2]) as Vec3, picture.width, picture.height);
      assert.ok(found);
      const part = partOf(picture, tangents);
      const across = (found.x - part.left) / (part.right - part.left);
      const over = (picture.height - found.y - part.below) / (part.above - part.below);
      // Edges of the part are whole pixels.
      assert.ok(Math.abs(across - (ndc[0] + 1) / 2) * viewport.width < 0.51, `${across} ${ndc}`);
      assert.ok(Math.abs(over - (ndc[1] + 1) / 2) * viewport.height < 0.51, `${over} ${ndc}`);
      assert.ok(part.left >= 0 && part.right <= picture.width && part.below >= 0 && part.above <= picture.height);
      if (Math.abs(ndc[0]) < 1 && Math.abs(ndc[1]) < 1) seen++;
    }
  }
  assert.ok(seen > 300);
});

test("up in the room is up in the sky, ahead is where the view looked, and a metre is a metre", () => {
  for (const upName of ["ecliptic", "equatorial"] as const) {
    const forward = towards(83, 50);
    const room = new Room(forward, upName);
    const pole = UP[upName];
    assert.ok(length(sub(room.turned(0, 2, 0), scale(pole, 2))) < 1e-15);
    const ahead = room.turned(0, 0, -1);
    assert.ok(Math.abs(dot(ahead, pole)) < 1e-15 && Math.abs(length(ahead) - 1) < 1e-15);
    assert.ok(Math.abs(dot(cross(ahead, forward), pole)) < 1e-15 && dot(ahead, forward) > 0);
    const right = room.turned(1, 0, 0);
    assert.ok(length(sub(cross(right, pole), add(scale(ahead, -1), [0, 0, 0]))) < 1e-15);
  }
});
