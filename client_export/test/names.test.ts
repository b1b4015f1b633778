/** Search finds, among the names that ship, what a visitor means: the list of `queries.ts`, and rules of each kind. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Answers } from "../src/find/answers.ts";
import { coordinatesOf } from "../src/find/coordinates.ts";
import { editDistance } from "../src/find/edit_distance.ts";
import { FIT, type Match } from "../src/find/name_index.ts";
import { calledLandmarks, parseNames } from "../src/find/names_file.ts";
import { typedIdentifier } from "../src/find/query.ts";
import { designationText, wordsOf } from "../src/find/text.ts";
import { QUERIES } from "./queries.ts";
import { randomFrom } from "./random.ts";
import { shippedLandmarks, shippedNames } from "./shipped_names.ts";

const landmarks = shippedLandmarks();
const answers = new Answers({ landmarks, names: [shippedNames(), "names.json"], star: "Star" });

const is = ({ called }: Match, wanted: string) => called.place.id === wanted || called.designations.includes(wanted);

test("of at least 120 queries 95 % find what they mean first, all others within three", (t) => {
  assert.ok(new Set(QUERIES.map(([typed]) => typed)).size >= 120);
  const places = QUERIES.map(([typed, wanted]) => answers.find(typed, 8).findIndex((match) => is(match, wanted)));
  const later = QUERIES.filter((_, i) => places[i] !== 0);
  t.diagnostic(
    `${QUERIES.length - later.length} of ${QUERIES.length} first; not first: ${later.map(([q]) => q).join(", ")}`,
  );
  for (const [i, [typed, wanted]] of QUERIES.entries()) {
    const found = answers.find(typed, 8).map(({ called }) => called.place.name);
    assert.ok(places[i] >= 0 && places[i] < 3, `"${typed}" finds ${found.join(", ") || "nothing"}, not ${wanted}`);
  }
  assert.ok(later.length <= 0.05 * QUERIES.length);
});

test("every designation of every star and place finds it first, or another one that has it too", () => {
  const all = parseNames(shippedNames(), "names.json", landmarks, "Star");
  const random = randomFrom(7);
  const asked = all.flatMap((each) => each.designations.map((text) => ({ each, text }))).filter(() => random(50) === 0);
  assert.ok(asked.length > 800);
  for (const { text } of asked) {
    const [first] = answers.find(text, 1);
    const same = (designation: string) => wordsOf(designation).join() === wordsOf(text).join();
    assert.ok(first && first.fit < FIT.begins && first.called.designations.some(same), `${text} finds ${first?.by}`);
  }
});

test("every star that has a name is found by it, and by its place", () => {
  for (const [i, each] of parseNames(shippedNames(), "names.json", landmarks, "Star").entries()) {
    if (each.place.kind !== "star" || each.place.id === "sun") continue;
    for (const name of each.names) assert.equal(answers.find(name, 1)[0]?.called.place.id, each.place.id, name);
    if (i % 20 === 0) assert.equal(answers.at(each.place.position)?.place.id, each.place.id);
  }
  assert.equal(answers.at([1e18, 2e18, 3e18]), null);
});

test("nothing is found for what is called nothing", () => {
  for (const typed of ["xyzzyplugh", "HIP 999999", "M 111", "NGC 99999", "qwertzuiop", "!?"]) {
    assert.deepEqual(answers.find(typed, 8), [], typed);
  }
});

test("without a file of names landmarks are found by what they are called", () => {
  const plain = new Answers({ landmarks, names: null, star: "Star" });
  assert.equal(plain.find("vega", 1)[0].called.place.id, "vega");
  assert.equal(plain.find("m31", 1)[0].called.place.id, "m31");
  assert.deepEqual(plain.find("HIP 32349", 1), []);
});

test("a damaged file of names is told by its name", () => {
  const files: [string, RegExp][] = [
    ["{", /names\.json is not JSON/],
    ['{"version": 2, "places": [], "stars": []}', /names\.json has version 2/],
    ['{"version": 1, "places": [[1]], "stars": []}', /names\.json: row 0 has 1 values/],
    ['{"version": 1, "places": [], "stars": [[1, 2, "x", 4, "A", ""]]}', /names\.json: star 0 has no name or no place/],
    ['{"version": 1, "places": {}, "stars": []}', /names\.json is not a list/],
  ];
  for (const [text, said] of files) assert.throws(() => parseNames(text, "names.json", [], "Star"), said);
  assert.equal(calledLandmarks(landmarks).length, landmarks.length);
});

/** Degrees, within an arcsecond. */
function near(typed: string, ra: number, dec: number): void {
  const found = coordinatesOf(typed);
  assert.ok(found, `${typed} is no place`);
  assert.ok(Math.abs(found.ra - ra) < 3e-4 && Math.abs(found.dec - dec) < 3e-4, `${typed}: ${found.ra} ${found.dec}`);
}

test("coordinates in the ways that they are written", () => {
  // The Crab nebula: equatorial and galactic places of SIMBAD.
  const [ra, dec] = [83.63292, 22.01444];
  for (const typed of [
    "05 34 31.9 +22 00 52",
    "05:34:31.9 +22:00:52",
    "5h34m31.9s +22d00m52s",
    "05h 34m 31.9s +22° 00′ 52″",
    "05 34 31.9 22 00 52",
    "05 34 31.9, 22 00 52",
    "83.63292 22.01444",
    "83.63292, +22.01444",
    "83.63292° +22.01444°",
    "83.63292d 22.01444d",
    "RA 05 34 31.9 Dec +22 00 52",
    "ra=83.63292 dec=22.01444",
    "J2000 05 34 31.9 +22 00 52",
  ])
    near(typed, ra, dec);
  near("5h34m +22d", 83.5, 22);
  near("83.6 22.0", 83.6, 22);
  near("05 34 +22 00", 83.5, 22);
  near("00 00 00 -00 30 00", 0, -0.5);
  near("10 20 30 −45 00 00", 155.125, -45);
  // SIMBAD: l=184.5575 b=-05.7843.
  for (const typed of ["l=184.5575 b=-5.7843", "l 184.5575 b -5.7843", "l=184.5575, b=−5.7843", "gal 184.5575 -5.7843"])
    near(typed, ra, dec);
  near("l=0 b=90", 192.85948, 27.12825);
  near("l=0 b=0", 266.40499, -28.93617);
});

test("what is no pair of coordinates is none", () => {
  for (const typed of [
    "",
    "M 31",
    "m31",
    "61 Cyg",
    "32349",
    "400 22",
    "83 91",
    "05 74 00 +22 00 00",
    "5h34m",
    "1 2 3",
    "l=5 b=100",
  ])
    assert.equal(coordinatesOf(typed), null, typed);
});

test("edit distance: the plain definition, by trying all ways", () => {
  const slow = (a: string, b: string): number => {
    if (!a || !b) return a.length + b.length;
    const [x, y] = [a.slice(1), b.slice(1)];
    const swapped = a.length > 1 && b.length > 1 && a[0] === b[1] && a[1] === b[0];
    const ways = [slow(x, b) + 1, slow(a, y) + 1, slow(x, y) + Number(a[0] !== b[0])];
    return Math.min(...ways, swapped ? slow(a.slice(2), b.slice(2)) + 1 : Infinity);
  };
  const random = randomFrom(3);
  const word = () => Array.from({ length: random(6) }, () => "abc"[random(3)]).join("");
  for (let round = 0; round < 600; round++) {
    const [a, b] = [word(), word()];
    const [whole, begun] = [
      slow(a, b),
      Math.min(...Array.from({ length: b.length + 1 }, (_, n) => slow(a, b.slice(0, n)))),
    ];
    for (const most of [0, 1, 2]) {
      assert.equal(editDistance(a, b, most, true), whole <= most ? whole : Infinity, `${a} ${b} ${most}`);
      assert.equal(editDistance(a, b, most, false), begun <= most ? begun : Infinity, `${a} ${b}… ${most}`);
    }
  }
});

test("numbers of catalogues, and designations as charts write them", () => {
  assert.equal(typedIdentifier("Gaia DR3 5853498713190525696"), 5853498713190525696n);
  assert.equal(typedIdentifier("id: 7"), 7n);
  assert.equal(typedIdentifier("18446744073709551616"), null);
  assert.equal(typedIdentifier("HIP 7"), null);
  assert.equal(designationText("alpha1 Cen"), "α¹ Cen");
  assert.equal(designationText("HR 7001"), "HR 7001");
  assert.equal(designationText("omega Cen"), "ω Cen");
});
