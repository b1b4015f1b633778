// Opens other_viewers.html in Chromium and measures a splat file there.
// Standard input: {url, chromium, viewer, file}. Standard output: what `measure` in other_viewers_page.mjs gives.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";

const require = createRequire(new URL("../../client_export/package.json", import.meta.url));
const { chromium } = require("playwright-core");

const FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-first-run"];

const job = JSON.parse(readFileSync(0, "utf8"));
const browser = await chromium.launch({ executablePath: job.chromium, args: FLAGS, headless: true });
try {
  const page = await browser.newPage();
  page.on("console", (message) => process.stderr.write(`${message.text()}\n`));
  page.on("pageerror", (error) => process.stderr.write(`${error}\n`));
  await page.goto(job.url);
  await page.waitForFunction(() => window.measure);
  const data = readFileSync(job.file).toString("base64");
  const measured = await page.evaluate(
    ([viewer, data, name]) => window.measure(viewer, data, name),
    [job.viewer, data, basename(job.file)],
  );
  process.stdout.write(JSON.stringify(measured));
} finally {
  await browser.close();
}
