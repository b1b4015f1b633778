/** The reference decoder reads what the format says, value for value, and refuses everything else with a message. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SiteError } from "../src/errors.ts";
import { Folder } from "../src/http.ts";
import { parseLandmarks } from "../src/landmark.ts";
import { decodeLz4Block } from "../src/lz4.ts";
import { V1, parseIndex, parsePackIndex } from "../src/v1.ts";
import { decodeFile } from "../src/v1_file.ts";
import { encodeCell, literalBlock, splatAt } from "./cells.ts";
import { serverOf } from "./sites.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const ascii = (value: string) => new TextEncoder().encode(value);

test("LZ4: literals, a copy, and a copy that overlaps what it writes", () => {
  // Token 0x31: 3 literals, copy of 5 from 3 back: "abc" + "abcab"; then 2 literals.
  const block = Uint8Array.from([0x31, ...ascii("abc"), 3, 0, 0x20, ...ascii("xy")]);
  assert.equal(text(decodeLz4Block(block, 10, "t")), "abcabcabxy");
});

test("LZ4: lengths beyond a nibble go on in bytes", () => {
  const raw = Uint8Array.from({ length: 700 }, (_, i) => i & 255);
  assert.deepEqual(decodeLz4Block(literalBlock(raw), 700, "t"), raw);
  // One literal, then a copy of 4 + 15 + 255 + 6 = 280 from 1 back, then one literal.
  const run = Uint8Array.from([0x1f, 65, 1, 0, 255, 6, 0x10, 66]);
  assert.equal(text(decodeLz4Block(run, 282, "t")), `${"A".repeat(281)}B`);
});

test("LZ4: damage is named", () => {
  const cases: [number[], number, RegExp][] = [
    [[0x50, 1, 2], 5, /ends inside its literals/],
    [[0xf0, 255], 300, /ends inside a length/],
    [[0x10, 1, 1], 5, /ends inside an offset/],
    [[0x10, 1, 2, 0], 5, /offset 2 with 1 bytes written/],
    [[0x10, 1, 0, 0], 5, /offset 0/],
    [[0x20, 1, 2], 1, /more than the 1 bytes/],
    [[0x1f, 1, 1, 0, 200], 5, /more than the 5 bytes/],
    [[0x20, 1, 2], 3, /2 bytes, 3 were announced/],
  ];
  for (const [block, size, message] of cases) {
    assert.throws(() => decodeLz4Block(Uint8Array.from(block), size, "cell"), message);
  }
});

test("a cell comes back value for value", () => {
  const splats = [[1.5, -2.25, 1e15, 0.5, 1, 2, 0.1, 0.2, 0.3, 0.9, 1, 0.5, 0.25, 0.95], splatAt([3, 4, 5])];
  const cell = decodeFile(encodeCell(splats), "7_8_9.bin");
  assert.deepEqual(cell.id, { l: 7, theta: 8, phi: 9 });
  assert.deepEqual(cell.bounds.centroid, [1e17, -2e17, 3e17]);
  assert.deepEqual([...cell.splats], [...Float32Array.from(splats.flat())]);
});

test("every shortened cell is refused", () => {
  const whole = encodeCell([splatAt([1, 2, 3])]);
  for (let length = 0; length < whole.length; length++) {
    assert.throws(
      () => decodeFile(whole.subarray(0, length), "7_8_9.bin"),
      (reason) => reason instanceof SiteError && /7_8_9\.bin/.test(reason.message),
      `length ${length}`,
    );
  }
});

test("a cell whose numbers cannot be is refused", () => {
  assert.throws(() => decodeFile(encodeCell([splatAt([Number.NaN, 0, 0])]), "c"), /splat 0 holds NaN/);
  assert.throws(() => decodeFile(encodeCell([splatAt([0, 0, 0])], { splat_count: 2 }), "c"), /56 bytes for 2 splats/);
  assert.throws(() => decodeFile(encodeCell([], { bounds: {} }), "c"), /"min" is not a JSON object/);
});

const INDEX = {
  version: 1,
  config: { r_min: 4.6e10, log_base: 2, n_theta: 64, n_phi: 32 },
  total_splats: 3,
  total_size_bytes: 10,
  cells: [
    { id: { l: 1, theta: 2, phi: 3 }, file_name: "1_2_3.bin", splat_count: 3, file_size_bytes: 10, trained: true },
  ],
};

test("indexes are read", () => {
  const index = parseIndex(JSON.stringify(INDEX), "index.json");
  assert.equal(index.total_splats, 3);
  assert.deepEqual(index.cells, [{ ...INDEX.cells[0], levels_up: 0 }]);
  const pack = {
    version: 1,
    pack_file: "cells.pack.bin",
    total_size_bytes: 10,
    cells: [{ file_name: "1_2_3.bin", offset: 4, size: 6 }],
  };
  assert.deepEqual(parsePackIndex(JSON.stringify(pack), "p").cells, pack.cells);
});

test("indexes that cannot be are refused with the field's name", () => {
  const changed = (change: object) => JSON.stringify({ ...INDEX, ...change });
  assert.throws(() => parseIndex("{", "index.json"), /index\.json is not JSON/);
  assert.throws(() => parseIndex("<!doctype html>", "index.json"), /index\.json is not JSON/);
  assert.throws(() => parseIndex(changed({ version: 2 }), "i"), /version 2, this viewer reads 1/);
  assert.throws(() => parseIndex(changed({ cells: {} }), "i"), /"cells" is not a list/);
  assert.throws(() => parseIndex(changed({ total_splats: -1 }), "i"), /"total_splats" is -1/);
  assert.throws(() => parseIndex(changed({ config: { ...INDEX.config, log_base: 1 } }), "i"), /describes no grid/);
  const beyond = {
    version: 1,
    pack_file: "p",
    total_size_bytes: 9,
    cells: [{ file_name: "a.bin", offset: 4, size: 6 }],
  };
  assert.throws(() => parsePackIndex(JSON.stringify(beyond), "p"), /a\.bin\) ends at byte 10, pack has 9/);
});

test("a pack whose files do not fit each other is refused", async () => {
  const open = (file_name: string) => {
    const cells = [{ file_name, offset: 0, size: 10 }];
    const packed = { version: 1, pack_file: "cells.pack.bin", total_size_bytes: 10, cells };
    const files = { "p/index.json": JSON.stringify(INDEX), "p/cells.pack.json": JSON.stringify(packed) };
    return V1.open(new Folder("p/", serverOf(new Map(Object.entries(files)))));
  };
  const pack = await open("1_2_3.bin");
  await assert.rejects(
    pack.decode(pack.cells[0], encodeCell([splatAt([0, 0, 0])])),
    /p\/1_2_3\.bin holds cell 7_8_9: pack the site again/,
  );
  await assert.rejects(open("4_5_6.bin"), /p\/cells\.pack\.json has no 1_2_3\.bin, which p\/index\.json lists/);
});

test("landmarks need a name and a place", () => {
  const sirius = { id: "sirius", name: "Sirius", kind: "star", pos_meters: { x: 1, y: 2, z: 3 } };
  assert.equal(parseLandmarks(JSON.stringify([sirius]), "l")[0].radiusM, 0);
  assert.throws(() => parseLandmarks(JSON.stringify([{ ...sirius, name: 5 }]), "l"), /landmark 0: "name" is 5/);
  assert.throws(
    () => parseLandmarks(JSON.stringify([{ ...sirius, pos_meters: { x: 1, y: 2 } }]), "l"),
    /"z" is undefined/,
  );
});
