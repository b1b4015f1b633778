/**
 * The chart's geometry: lines cut at the camera and the screen, grids, rings, bars and arrows.
 *
 * Frames are held against astropy 8 (Galactic, ICRS, BarycentricMeanEcliptic J2000). What is drawn of a line is held against
 * single points of its great circle, which `Camera.project` places without any cutting.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Camera } from "../src/camera.ts";
import { arrowTo } from "../src/chart/compass.ts";
import { parseFigures } from "../src/chart/figure_file.ts";
import { figureLines, middleOf } from "../src/chart/figures.ts";
import { gridLines } from "../src/chart/grid_lines.ts";
import { formatShown, parseShown } from "../src/chart/part.ts";
import { Projection, type Segment, clip } from "../src/chart/projection.ts";
import { ringSegments } from "../src/chart/rings.ts";
import { angleBar, lengthBar } from "../src/chart/scale_bar.ts";
import { SKY_FRAMES, anglesIn, directionIn } from "../src/chart/sky_frames.ts";
import { AU_M, PARSEC_M, raDecOf, towards } from "../src/sky.ts";
import { type Vec3, add, dot, length, scale, slerp, sub, unit } from "../src/vec.ts";
import { formatViewState, parseViewState } from "../src/view_state.ts";
import { randomFrom } from "./random.ts";

const SIZE = { width: 1280, height: 800, density: 1 };
const DEGREE = Math.PI / 180;

const close = (found: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(found - expected) <= tolerance, `${found} is not ${expected} within ${tolerance}`);

function looking(direction: Vec3, fov = 60): Projection {
  const camera = new Camera();
  camera.fovDeg = fov;
  camera.look(direction);
  return new Projection(camera, SIZE);
}

/** A source of directions that are everywhere on the sky alike. */
function directions(seed: number): () => Vec3 {
  const whole = randomFrom(seed);
  const next = () => whole(1e9) / 1e9;
  return () => {
    const [z, angle] = [2 * next() - 1, 2 * Math.PI * next()];
    const level = Math.sqrt(1 - z * z);
    return [level * Math.cos(angle), level * Math.sin(angle), z];
  };
}

/** How far a point is from a segment, pixels. */
function away({ x0, y0, x1, y1 }: Segment, x: number, y: number): number {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const along = Math.max(0, Math.min(1, ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy)));
  return Math.hypot(x0 + along * dx - x, y0 + along * dy - y);
}

test("galactic longitudes and latitudes are where astropy has them", () => {
  for (const [lon, lat, expected] of [
    [0, 0, [-0.05487563486628373, -0.9938213523891729, -0.09647685853808496]],
    [90, 0, [0.4941095288578958, -0.11099097203832818, 0.8622857865103746]],
    [33, -47.5, [0.7904271214650015, -0.6036769874952709, -0.10391852780513382]],
    [210.5, 62, [-0.8616397815860263, 0.42814692310341945, 0.2725199057416897]],
    [122.93, 27.13, [-2.3000102054112065e-5, 0.39774402174425183, 0.9174964264986014]],
    [0, 90, [-0.8676660868040478, -0.0003516551470134897, 0.49714730025296144]],
  ] satisfies [number, number, Vec3][]) {
    const found = directionIn(SKY_FRAMES.galactic, lon, lat);
    // astropy's frame hangs on FK5, which is 0.02 arcsec from ICRS.
    assert.ok(length(sub(found, expected)) < 2e-7, `${lon} ${lat}: ${found}`);
    close(anglesIn(SKY_FRAMES.galactic, expected).lat, lat, 2e-5);
  }
});

test("the equatorial grid has the hours and degrees of ICRS", () => {
  const direction = directionIn(SKY_FRAMES.equatorial, 88.5, 7.4);
  assert.ok(length(sub(direction, [0.02595886496206926, 0.9607607174010349, -0.27616115083213616])) < 1e-14);
  const { lon, lat } = anglesIn(SKY_FRAMES.equatorial, towards(266, -29));
  close(lon, 266, 1e-9);
  close(lat, -29, 1e-9);
});

test("of a line just what is in view is drawn, wherever it comes from", () => {
  const next = directions(1);
  let [drawn, behind] = [0, 0];
  for (let trial = 0; trial < 400; trial++) {
    const projection = looking(next(), [5, 60, 120][trial % 3]);
    const from = next();
    const to = trial % 2 ? next() : unit(add(projection.camera.forward, scale(next(), 0.3)));
    const found = projection.segment(from, to);
    for (let part = 0; part <= 200; part++) {
      const at = projection.camera.project(slerp(from, to, part / 200), SIZE.width, SIZE.height);
      if (!at || at.x < 0 || at.y < 0 || at.x > SIZE.width || at.y > SIZE.height) continue;
      assert.ok(found, `trial ${trial}: nothing drawn at ${at.x}, ${at.y}`);
      assert.ok(away(found, at.x, at.y) < 1e-6, `trial ${trial}: ${away(found, at.x, at.y)} px off`);
    }
    if (!found) continue;
    drawn++;
    for (const [x, y] of [
      [found.x0, found.y0],
      [found.x1, found.y1],
    ]) {
      assert.ok(x >= -4.001 && x <= SIZE.width + 4.001 && y >= -4.001 && y <= SIZE.height + 4.001);
    }
    for (const [whole, end, x, y] of [
      [found.whole0, from, found.x0, found.y0],
      [found.whole1, to, found.x1, found.y1],
    ] as const) {
      if (dot(end, projection.camera.forward) < 0) behind++;
      const at = projection.camera.project(end, SIZE.width, SIZE.height);
      if (whole) assert.ok(at && Math.hypot(at.x - x, at.y - y) < 1e-6);
      else assert.ok(!at || away(found, at.x, at.y) > 0);
    }
  }
  assert.ok(drawn > 50 && behind > 10, `${drawn} drawn, ${behind} ends behind`);
});

test("a line beside a box is not in it", () => {
  const line = (x0: number, y0: number, x1: number, y1: number) => ({ x0, y0, x1, y1, whole0: true, whole1: true });
  assert.equal(clip(line(-10, 50, -5, 500), 100, 100), null);
  assert.equal(clip(line(-50, 40, 40, -60), 100, 100), null);
  assert.deepEqual(clip(line(50, 50, 150, 50), 100, 100), { ...line(50, 50, 100, 50), whole1: false });
  assert.deepEqual(clip(line(20, 30, 20, 30), 100, 100), line(20, 30, 20, 30));
});

test("lines of the grid lie at what their labels say, and none in view is left out", () => {
  const next = directions(2);
  for (let trial = 0; trial < 60; trial++) {
    const projection = looking(next(), [1, 20, 60, 120][trial % 4]);
    const lines = gridLines(SKY_FRAMES.equatorial, true, projection);
    const values = (kind: string) => lines.filter((line) => line.kind === kind).map(({ value }) => value);
    for (const { kind, value, points } of lines) {
      for (const point of points) {
        const { ra, dec } = raDecOf(point);
        if (kind === "latitude") close(dec, value, 1e-9);
        else if (Math.abs(dec) < 89.9) close(((ra - value + 540) % 360) - 180, 0, 1e-6);
      }
    }
    const [lats, lons] = [values("latitude"), values("longitude")];
    assert.equal(new Set(lons).size, lons.length);
    if (lats.length < 2) continue;
    const step = lats[1] - lats[0];
    // Latitudes of the middle and the edges of the picture: the multiples of the step between any two are there.
    const { dec } = raDecOf(projection.camera.forward);
    const reach = Math.min(projection.reach / DEGREE, 89);
    for (let value = Math.ceil((dec - reach) / step) * step; value <= dec + reach; value += step) {
      if (Math.abs(value) < 89.99)
        assert.ok(
          lats.some((lat) => Math.abs(lat - value) < 1e-6),
          `${value} of ${lats}`,
        );
    }
    assert.ok(step * DEGREE * projection.focal >= 90 || step === 90);
  }
  const labels = gridLines(SKY_FRAMES.equatorial, true, looking(towards(83.8, -1.2))).map(({ label }) => label);
  for (const label of ["5h", "6h", "0°", "+10°", "−20°"]) assert.ok(labels.includes(label), `${label} of ${labels}`);
  const narrow = gridLines(SKY_FRAMES.equatorial, true, looking(towards(83.8, -1.2), 5)).map(({ label }) => label);
  for (const label of ["5h 35m", "−1°"]) assert.ok(narrow.includes(label), `${label} of ${narrow}`);
});

test("a ring lies in the plane of the Galaxy, so far from the Sun", () => {
  const camera = new Camera();
  const pole = directionIn(SKY_FRAMES.galactic, 0, 90);
  camera.position = scale(pole, 300 * PARSEC_M);
  camera.fovDeg = 100;
  camera.look(scale(pole, -1));
  const projection = new Projection(camera, SIZE);
  const segments = ringSegments(projection, 100 * PARSEC_M);
  assert.equal(segments.length, 120);
  for (const { x0, y0 } of segments) close(Math.hypot(x0 - 640, y0 - 400), projection.focal / 3, 1e-6);
  // From within the plane it is a line along the galactic equator.
  camera.position = directionIn(SKY_FRAMES.galactic, 40, 0).map((value) => 300 * PARSEC_M * value) as unknown as Vec3;
  camera.look(scale(camera.position, -1));
  const aside = new Projection(camera, SIZE);
  const other = aside.point(unit(add(camera.forward, scale(directionIn(SKY_FRAMES.galactic, 130, 0), 0.1))));
  assert.notEqual(other, null);
  const [dx, dy] = [(other?.x ?? 0) - 640, (other?.y ?? 0) - 400];
  for (const { x0, y0 } of ringSegments(aside, 100 * PARSEC_M)) {
    close(((x0 - 640) * dy - (y0 - 400) * dx) / Math.hypot(dx, dy), 0, 1e-6);
  }
});

test("a figure keeps clear of its stars and ends where they are", () => {
  const projection = looking(towards(83, 5));
  const stars = [towards(88.79, 7.41), towards(81.28, 6.35), towards(83, 5), towards(83.1, 5)];
  const figure = {
    id: "Ori",
    name: "Orion",
    pairs: [
      [0, 1],
      [2, 3],
    ] as [number, number][],
  };
  const { bodies, ends } = figureLines(projection, [figure], stars);
  const [from, to] = [0, 1].map((star) => projection.point(stars[star]));
  assert.ok(from && to && bodies.length === 1 && ends.length === 2);
  const long = Math.hypot(to.x - from.x, to.y - from.y);
  const whole = { x0: from.x, y0: from.y, x1: to.x, y1: to.y, whole0: true, whole1: true };
  for (const { x0, y0, x1, y1 } of [...bodies, ...ends]) {
    for (const [x, y] of [
      [x0, y0],
      [x1, y1],
    ]) {
      assert.ok(away(whole, x, y) < 1e-6);
      for (const star of [from, to]) assert.ok(Math.hypot(x - star.x, y - star.y) >= 9 - 1e-6);
    }
  }
  const drawn = [...bodies, ...ends].reduce((sum, { x0, y0, x1, y1 }) => sum + Math.hypot(x1 - x0, y1 - y0), 0);
  close(drawn, long - 18, 1e-6); // and of the short one, 1.2 px, nothing
});

test("the middle of a figure is where its light is, and there is none all around", () => {
  const figure = {
    id: "X",
    name: "X",
    pairs: [
      [0, 1],
      [1, 2],
    ] as [number, number][],
  };
  const ways = [towards(0, 0), towards(20, 0), towards(40, 0)];
  close(raDecOf(middleOf(figure, ways, [1, 1, 1]) ?? [0, 0, 0]).ra, 20, 1e-9);
  assert.ok(raDecOf(middleOf(figure, ways, [1, 1, 9]) ?? [0, 0, 0]).ra > 30);
  assert.equal(middleOf(figure, [towards(0, 0), towards(120, 0), towards(240, 0)], [1, 1, 1]), null);
});

test("a bar is as long as it says, and not longer than there is room", () => {
  const focal = 700;
  for (const distance of [1e4, AU_M, 3.3e14, 2.64 * PARSEC_M, 8178 * PARSEC_M, 7e5 * PARSEC_M, 3e9 * PARSEC_M]) {
    const bar = lengthBar(focal / distance);
    assert.ok(bar && bar.px <= 150 && bar.px >= 50, `${bar?.text}: ${bar?.px} px`);
    const [value, name] = bar.text.split(" ");
    const units: Record<string, number> = { km: 1e3, au: AU_M, pc: PARSEC_M, kpc: 1e3 * PARSEC_M, Mpc: 1e6 * PARSEC_M };
    close((Number(value.replaceAll(",", "")) * units[name] * focal) / distance, bar.px, 1e-6);
  }
  assert.deepEqual(lengthBar(700 / (2.64 * PARSEC_M))?.text, "0.5 pc");
  assert.equal(lengthBar(1e3), null); // a metre is longer than the screen
  const [wide, narrow] = [angleBar(700), angleBar(400 / Math.tan(0.5 * DEGREE))];
  assert.deepEqual([wide?.text, narrow?.text], ["10°", "10′"]);
  close(wide?.px ?? 0, 700 * Math.tan(10 * DEGREE), 1e-9);
});

test("an arrow is at the edge, and who turns its way finds the place", () => {
  const area = { left: 0, top: 60, right: 1280, bottom: 742 };
  const next = directions(3);
  let shown = 0;
  for (let trial = 0; trial < 100; trial++) {
    const camera = new Camera();
    camera.look(next());
    const place = next();
    let turns = 0;
    for (; turns < 40; turns++) {
      const arrow = arrowTo(new Projection(camera, SIZE), area, place);
      if (!arrow) break;
      shown++;
      const { x, y, dx, dy } = arrow;
      close(Math.hypot(dx, dy), 1, 1e-12);
      const edge = Math.min(x - area.left, area.right - x, y - area.top, area.bottom - y);
      close(edge, 16, 1e-9);
      const { right, up, forward } = camera.basis();
      camera.look(add(forward, scale(add(scale(right, dx), scale(up, -dy)), Math.tan(5 * DEGREE))));
    }
    const at = camera.project(place, SIZE.width, SIZE.height);
    assert.ok(turns < 40 && at && at.x >= 0 && at.x <= 1280 && at.y >= 0 && at.y <= 800, `trial ${trial}`);
  }
  assert.ok(shown > 200);
});

test("a link says what is shown, and damage in it nothing", () => {
  assert.deepEqual([...parseShown("")], ["compass", "orbits"]);
  assert.deepEqual([...parseShown("none")], []);
  assert.deepEqual([...parseShown("galactic,stars,constellations")], ["constellations", "galactic"]);
  for (const shown of ["", "none", "constellations,compass", "equatorial,rings,scale"]) {
    assert.equal(formatShown(parseShown(shown)), shown);
    assert.equal(parseViewState(formatViewState(new Camera(), 0, shown)).show ?? "", shown);
  }
  assert.deepEqual(parseViewState("#show=%3Cb%3E"), {});
});

test("a damaged file of constellations is refused with the place of the damage", () => {
  const file = (change: object) =>
    JSON.stringify({
      version: 1,
      stars: [
        [2061, 3e17, 4e17, 0, 0],
        [1713, 1e18, 0, 0, 5],
      ],
      figures: [{ id: "Ori", name: "Orion", pairs: [[0, 1]] }],
      ...change,
    });
  const { stars, figures } = parseFigures(file({}), "c.json");
  assert.deepEqual(figures, [{ id: "Ori", name: "Orion", pairs: [[0, 1]] }]);
  assert.deepEqual(stars[0].position, [3e17, 4e17, 0]);
  close(stars[0].luminosity, 2.5e35, 1e21);
  close(stars[1].luminosity, 1e34, 1e21);
  for (const [change, message] of [
    [{ version: 2 }, /c\.json has version 2/],
    [{ stars: [[1, 2, 3, 4]] }, /c\.json: star 0 is not 5 numbers/],
    [{ figures: [{ id: "Ori", name: "Orion", pairs: [[0, 2]] }] }, /figure 0: no star 0 or 2/],
    [{ figures: [{ id: "Ori", pairs: [] }] }, /figure 0: "name" is undefined/],
  ] as const) {
    assert.throws(() => parseFigures(file(change), "c.json"), message);
  }
});
