// Runs `v2_decode.ts` in Node and in headless Chromium. Standard input: {chromium, jobs, rounds, entry}; `chromium` may
// be null. Standard output: {bytes, node, chromium}, the last two as `run` gives them; `bytes` of all decoders, minified.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(
  new URL("../../client_export/package.json", import.meta.url),
);
const { build } = require("esbuild");
const { chromium } = require("playwright-core");
const { chromium: executablePath, jobs, rounds } = JSON.parse(readFileSync(0, "utf8"));

const bundle = async (options) => {
  const done = await build({
    bundle: true,
    minify: true,
    write: false,
    target: "es2022",
    ...options,
  });
  return done.outputFiles[0].text;
};
const here = fileURLToPath(new URL(".", import.meta.url));
const script = await bundle({
  entryPoints: [`${here}v2_decode.ts`],
  format: "iife",
  globalName: "decoders",
});
const parts = ["head", "index", "tile", "glow", "side"];
const all = await bundle({
  stdin: {
    contents: parts.map((part) => `export * from "./${part}.ts";`).join("\n"),
    resolveDir: `${here}../../client_export/src/v2`,
  },
  format: "esm",
});

const seen = {
  bytes: all.length,
  node: new Function(`${script}; return decoders;`)().run(jobs, rounds),
  chromium: null,
};
if (executablePath) {
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox"],
    headless: true,
  });
  try {
    const page = await browser.newPage();
    await page.addScriptTag({ content: `${script}; window.decoders = decoders;` });
    seen.chromium = await page.evaluate(
      ([tiles, times]) => window.decoders.run(tiles, times),
      [jobs, rounds],
    );
  } finally {
    await browser.close();
  }
}
process.stdout.write(JSON.stringify(seen));
