/**
 * Tables of a page's own stars: what Python's `csv` writes is read the same, places are astropy's, and nothing is left out unsaid.
 *
 * `tests/data/points/tables.json` is written by `tables.py` beside it. Places are those of astropy 8: ICRS to
 * BarycentricMeanEcliptic of J2000.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { linkedTables } from "../src/points/connect.ts";
import { readRows } from "../src/points/csv.ts";
import { fetchTable, readFile } from "../src/points/file.ts";
import { MOST_ROWS, readPoints } from "../src/points/table.ts";

interface Case {
  separator: string;
  text: string;
  rows: string[][];
}

const CASES = JSON.parse(
  readFileSync(new URL("../../tests/data/points/tables.json", import.meta.url), "utf8"),
) as Case[];
const known = (color: string) => ["red", "#00ff00", "#abc", "rgb(1 2 3)"].includes(color);
const read = (text: string) => readPoints(text, "t.csv", known);
const placeOf = (text: string, row = 0) => [...read(text).places.subarray(3 * row, 3 * row + 3)];

/** To a few bits of float64. */
function same(found: readonly number[], expected: readonly number[]): void {
  const size = Math.hypot(...expected);
  const off = Math.hypot(...found.map((value, axis) => value - expected[axis]));
  assert.ok(off < 4e-15 * size, `${found} is not ${expected}`);
}

test("what Python's csv module writes is read the same", () => {
  assert.ok(CASES.length >= 100);
  for (const { separator, text, rows } of CASES) {
    const found = readRows(text, "t.csv");
    assert.equal(found.separator, separator);
    assert.deepEqual(
      found.rows.map(({ values }) => values),
      rows,
      JSON.stringify(text),
    );
  }
});

test("a row knows its line, whatever ends lines, also after values of several lines and comments", () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const text = ["\uFEFF# made by hand", "", "ra,dec,name", '1,2,"one', "", 'two ""x"" "', "", "3,4,b"].join(end);
    const { rows } = readRows(text, "t.csv");
    assert.deepEqual(
      rows.map(({ line }) => line),
      [3, 4, 8],
    );
    assert.equal(rows[1].values[2], ["one", "", 'two "x" '].join(end));
  }
  assert.throws(() => readRows('ra,dec\n1,2\n"3,4\n5,6\n', "t.csv"), /t\.csv line 3: a quotation mark is not closed/);
});

test("places are astropy's, by parallax, by distance and along axes", () => {
  const sirius = [-1.5253465720448892e16, 6.080892562708394e16, -5.187369132344548e16];
  same(placeOf("ra,dec,parallax\n101.28715533,-16.71611586,379.21\n"), sirius);
  same(placeOf("DEC;RA;Parallax\n-16,71611586;101,28715533;379,21\n"), sirius);
  for (const column of ["distance_pc", "distance", "dist"]) {
    const vega = [2.9645389602852892e16, -1.0824358747188778e17, 2.0871994437410266e17];
    same(placeOf(`${column}\tdec\tra\n7.68\t38.78368896\t279.23473479\n`), vega);
  }
  const near = [264754552.58026734, -61415507369.60073, -141532966837.61505];
  same(placeOf("ra,dec,distance,parallax\n-10.5,-89.9,5e-6,1\n"), near);
  same(placeOf("ra,dec,distance,parallax\n-10.5,-89.9,,2e8\n"), near);
  same(placeOf("x,y,z\n1.5,-2.25,3.75\n"), [4.62851779588018e16, -1.7670780509898762e16, 1.3378128208070118e17]);
  assert.deepEqual(placeOf("x,y,z\n0,0,0\n"), [0, 0, 0]);
});

test("names, colours and magnitudes are taken, and colours that are none are told", () => {
  const found = read("Name,x,y,z,color,mag\n a ,1,0,0,red,2.5\n,1,0,0,ABC,\nc,1,0,0,no red,x\nd,1,0,0,,\n");
  assert.deepEqual(found.names, ["a", "", "c", "d"]);
  assert.deepEqual(found.colors, ["red", "", "", ""]);
  assert.deepEqual([...found.mags], [2.5, NaN, NaN, NaN]);
  assert.deepEqual(found.faults, [
    "t.csv: 2 colours are not known, and drawn as if there were none. The first, line 3: “ABC”",
  ]);
  assert.deepEqual(read("x,y,z,color\n1,0,0,abc\n").colors, ["#abc"]);
});

test("rows that cannot be used are counted, and the first is told with its line and reason", () => {
  for (const [row, why] of [
    ["1,2,0", "parallax 0 is not above 0"],
    ["1,2,-0.3", "parallax -0.3 is not above 0"],
    ["1,2,", "no parallax"],
    ["1,2,1e-30", "parallax 1e-30 is out of range"],
    ["06:45:09,2,1", "ra “06:45:09” is no number"],
    ["721,2,1", "ra 721 is out of range"],
    ["1,90.5,1", "dec 90.5 is out of range"],
    ["1,nan,1", "dec “nan” is no number"],
    ["1,Infinity,1", "dec “Infinity” is no number"],
    ["1,2", "it has 2 values, the header 3"],
    ["1,2,3,4", "it has 4 values, the header 3"],
  ]) {
    const { rows, faults, places } = read(`ra,dec,parallax\n1,2,3\n${row}\n4,5,6\n${row}\n`);
    assert.deepEqual(
      rows.map(({ line }) => line),
      [2, 4],
    );
    assert.deepEqual(faults, [`t.csv: 2 of 4 rows cannot be shown. The first, line 3: ${why}`]);
    same([...places.subarray(3, 6)], placeOf("ra,dec,parallax\n4,5,6\n"));
  }
});

test("what is no table of places is refused with a reason", () => {
  for (const [text, why] of [
    ["", /t\.csv has no rows/],
    ["ra,dec,parallax\n", /t\.csv has no rows/],
    ["a,b\n1,2\n", /needs the columns ra, dec and parallax or distance, or x, y and z\. It has a, b\./],
    ["ra,dec\n1,2\n", /It has ra, dec\./],
    ["x,y,z,X\n1,2,3,4\n", /two columns X/],
    ["x,y,z\n1,2,\0\n", /no table of text/],
    ["x,y,z\n" + "1,2,3\n".repeat(MOST_ROWS + 1), /more than 100,000 rows/],
  ] as const) {
    assert.throws(() => read(text), why);
  }
});

test("a table comes from an address, packed or not, and says what is wrong with it", async () => {
  const page = "https://here.example/sky/";
  const answer = (body: BodyInit, init: ResponseInit = {}): typeof fetch => {
    return async (url) => {
      assert.equal(String(url), "https://here.example/sky/my%20stars.csv");
      return new Response(body, init);
    };
  };
  const from = (fetcher: typeof fetch, address = "my stars.csv") => fetchTable(address, page, fetcher);
  assert.deepEqual(await from(answer("x,y\n")), { text: "x,y\n", file: "my stars.csv" });
  const gzip = new Response(new Blob(["α,β"]).stream().pipeThrough(new CompressionStream("gzip")));
  const packed = new Uint8Array(await gzip.arrayBuffer());
  assert.equal((await from(answer(packed))).text, "α,β");
  await assert.rejects(from(answer(packed.slice(0, 12))), /damaged: it does not unpack/);
  await assert.rejects(from(answer(new Uint8Array([0xe9, 0x2c]))), /no text in UTF-8/);
  await assert.rejects(from(answer("", { status: 404 })), /HTTP 404/);
  await assert.rejects(from(answer("<p>", { headers: { "Content-Type": "text/html" } })), /web page instead/);
  await assert.rejects(from(answer(new Uint8Array(33e6))), /larger than 32 MB/);
  const bomb = new Response(new Blob([new Uint8Array(40e6)]).stream().pipeThrough(new CompressionStream("gzip")));
  await assert.rejects(from(answer(await bomb.arrayBuffer())), /larger than 32 MB/);
  await assert.rejects(readFile(new File([new Uint8Array(33e6)], "big.csv")), /big\.csv is larger than 32 MB/);
  const blocked: typeof fetch = () => Promise.reject(new TypeError("Failed to fetch"));
  await assert.rejects(from(blocked, "https://there.example/a.csv"), /may not let other pages read it \(CORS\)/);
  await assert.rejects(from(blocked), (reason: Error) => !reason.message.includes("CORS"));
  await assert.rejects(from(blocked, "http://"), /“http:\/\/” is no address/);
});

test("an address names tables by points, once or more often", () => {
  const page =
    "https://here.example/?points=a.csv&goto=M31&points=https%3A%2F%2Fb.example%2Fc.csv%3Fd%3D1&points=#pos=1,2,3";
  assert.deepEqual(linkedTables(page), ["a.csv", "https://b.example/c.csv?d=1"]);
});
