/** The landmarks of a site are read plain and gzipped, also where the server has unpacked them; damage is named. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { parseLandmarks } from "../src/landmark.ts";
import { openSite } from "../src/site.ts";
import { serverOf } from "./sites.ts";

const NAME = "universe/landmarks.json.gz";
const TEXT = '[{"name": "\u03b1 Centauri"}]';
const ZIPPED = Uint8Array.from(gzipSync(TEXT));

/** The site of a pack v2 whose `site.json` names `landmarks`, a file of these bytes. */
async function siteOf(landmarks: unknown, bytes: BodyInit | null) {
  const layers = [{ folder: "universe", format: "v2", radii: null }];
  const files = new Map<string, BodyInit>([["site.json", JSON.stringify({ version: 1, layers, landmarks })]]);
  for (const name of ["head.bin", "sky.bin", "glow.bin"]) {
    files.set(`universe/${name}`, readFileSync(new URL(`../../tests/data/v2/${name}`, import.meta.url)));
  }
  if (bytes !== null) files.set(NAME, bytes);
  return openSite("", serverOf(files));
}

test("landmarks are read as they are named, whoever unpacks them", async () => {
  for (const bytes of [TEXT, ZIPPED]) {
    assert.deepEqual(await (await siteOf(NAME, bytes)).landmarks(), [TEXT, NAME]);
  }
});

test("a site that names no landmarks has none", async () => {
  assert.deepEqual(parseLandmarks(...(await (await siteOf(undefined, null)).landmarks())), []);
});

test("landmarks that cannot be read are an error that names the file, and the sky is there", async () => {
  await assert.rejects((await siteOf(7, null)).landmarks(), /site\.json: "landmarks" is 7, must be text/);
  const flipped = ZIPPED.slice();
  flipped[flipped.length - 12] ^= 1;
  for (const bytes of [ZIPPED.subarray(0, -9), ZIPPED.subarray(0, -1), flipped]) {
    const message = /universe\/landmarks\.json\.gz is damaged: it does not unpack/;
    await assert.rejects((await siteOf(NAME, bytes)).landmarks(), message);
  }
  await assert.rejects((await siteOf(NAME, null)).landmarks(), /landmarks\.json\.gz cannot be read: the server/);
});
