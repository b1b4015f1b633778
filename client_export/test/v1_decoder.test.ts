/** Cells of packs v1 are decoded in the worker, all that come together in one message, and here where that cannot be. */
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { FileDecoder } from "../src/v1_decoder.ts";
import { type FilesJob, decodeFiles } from "../src/v1_file.ts";
import { crc32 } from "../src/v2/crc32.ts";
import { encodeCell, splatAt } from "./cells.ts";

const NAMES = ["7_8_9", "7_8_10", "7_8_11"];
const CELLS = NAMES.map((_, i) =>
  encodeCell(
    Array.from({ length: i + 2 }, (_, k) => splatAt([i, k, 0.5])),
    { id: { l: 7, theta: 8, phi: 9 + i } },
  ),
);

/** What the worker was sent. A test says what it does. */
const sent: FilesJob[] = [];
let worker: (job: FilesJob) => unknown;

class FakeWorker {
  onmessage: (event: { data: unknown }) => void = () => {};
  onerror: (event: { preventDefault(): void }) => void = () => {};
  terminate = () => {};

  postMessage({ id, job }: { id: number; job: FilesJob }): void {
    sent.push(structuredClone(job));
    setImmediate(() => {
      const decoded = worker(job);
      if (decoded) this.onmessage({ data: structuredClone({ id, decoded }) });
      else this.onerror({ preventDefault: () => {} });
    });
  }
}

afterEach(() => {
  sent.length = 0;
  Reflect.deleteProperty(globalThis, "Worker");
});

/** The first cell is here as it was written, the second is damaged, the third comes later. */
async function decodeAll(): Promise<PromiseSettledResult<unknown>[]> {
  const decoder = new FileDecoder();
  const decode = (i: number, bytes: Uint8Array) =>
    decoder.decode(
      { name: NAMES[i], what: `p/${NAMES[i]}.bin`, size: bytes.length, points: true, crc: crc32(CELLS[i]) },
      bytes,
    );
  const spoilt = CELLS[1].slice();
  spoilt[spoilt.length - 9] ^= 4;
  const first = await Promise.allSettled([decode(0, CELLS[0]), decode(1, spoilt)]);
  return [...first, ...(await Promise.allSettled([decode(2, CELLS[2])]))];
}

const MEANS = [
  [0, 0, 0.5, 0, 1, 0.5],
  [2, 0, 0.5, 2, 1, 0.5, 2, 2, 0.5, 2, 3, 0.5],
];

function check([first, second, third]: PromiseSettledResult<unknown>[]): void {
  for (const [i, result] of [first, third].entries()) {
    assert.ok(result.status === "fulfilled");
    const { count, means, unitM, light } = result.value as Awaited<ReturnType<FileDecoder["decode"]>>;
    assert.equal(count, 2 * i + 2);
    assert.deepEqual(
      Array.from(means, (value) => value * unitM),
      MEANS[i],
    );
    assert.deepEqual([...light], Array(3 * count).fill(0.5));
  }
  assert.ok(second.status === "rejected");
  assert.match(String(second.reason), /SiteError: p\/7_8_10\.bin is damaged: its CRC-32/);
}

test("a worker gets what comes together, and tells of each cell apart", async () => {
  Object.assign(globalThis, { Worker: FakeWorker });
  worker = decodeFiles;
  check(await decodeAll());
  assert.deepEqual(
    sent.map(({ files }) => files.map(({ name }) => name)),
    [["7_8_9", "7_8_10"], ["7_8_11"]],
  );
  for (const { bytes, files } of sent)
    assert.equal(
      bytes.length,
      files.reduce((sum, { size }) => sum + size, 0),
    );
});

test("arrays of cells that are decoded together lie in one buffer", () => {
  const crc = null;
  const files = CELLS.map(({ length: size }, i) => ({ name: NAMES[i], what: NAMES[i], size, points: true, crc }));
  const bytes = Uint8Array.from(CELLS.flatMap((cell) => [...cell]));
  const cells = decodeFiles({ bytes, files });
  const arrays = cells.flatMap((cell) => (typeof cell === "string" ? [] : [cell.means, cell.covOff, cell.light]));
  assert.equal(arrays.length, 9);
  assert.equal(new Set(arrays.map(({ buffer }) => buffer)).size, 1);
});

test("where a worker dies, or none can be started, all is decoded here", async () => {
  Object.assign(globalThis, { Worker: FakeWorker });
  worker = () => null;
  check(await decodeAll());
  assert.equal(sent.length, 1); // it is not asked again
  Reflect.deleteProperty(globalThis, "Worker");
  check(await decodeAll());
  assert.equal(sent.length, 1);
});
