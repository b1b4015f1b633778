// Opens the example page of the npm package and talks to its two skies as a page's own script does.
// Standard input: {url, chromium, png, foreign: the address of the same site on another host, empty: that of a viewer
// without a site}. Standard output: what the steps
// below gave, by name.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(
  new URL("../../client_export/package.json", import.meta.url),
);
const { chromium } = require("playwright-core");

const job = JSON.parse(readFileSync(0, "utf8"));
const browser = await chromium.launch({
  executablePath: job.chromium,
  args: ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
  headless: true,
});
const said = [];
try {
  const page = await browser.newPage({
    viewport: { width: 1000, height: 1200 },
    reducedMotion: "no-preference",
  });
  page.setDefaultTimeout(200_000);
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) said.push(message.text());
  });
  page.on("pageerror", (error) => said.push(String(error)));
  await page.goto(job.url);
  await page.evaluate(() => Promise.all([orion.ready, pleiades.ready]));
  await page.waitForFunction(() => Math.abs(pleiades.view.look?.[0] - 56.75) < 2);
  const found = { start: await page.evaluate(look), at: await page.evaluate(() => scrollY) };
  found.focused = await page.evaluate(() => document.activeElement.tagName);
  await page.screenshot({ path: job.png });

  found.turned = await page.evaluate(async () => {
    const told = [];
    orion.addEventListener("view", ({ detail }) => told.push(detail));
    await orion.go({ look: [200, 40], pos: [1e17, -2.5, 1 / 3] });
    return { view: orion.view, told, page: orion.frame.contentWindow.helios.view() };
  });
  found.set = await page.evaluate(async () => {
    const told = new Promise((resolve) => orion.addEventListener("view", ({ detail }) => resolve(detail), { once: true }));
    orion.setAttribute("fov", "25");
    return told;
  });
  found.flown = await page.evaluate(async () => {
    let told = 0;
    orion.addEventListener("view", () => (told += 1));
    const there = await orion.goto("Sirius");
    return { there, told, view: orion.view, flying: orion.frame.contentWindow.helios.flying() };
  });
  found.unknown = await page.evaluate(() => orion.goto("no such star"));
  found.stayed = await page.evaluate(() => pleiades.view);
  found.text = await page.evaluate(() => document.getElementById("where").textContent);
  found.forged = await page.evaluate(async () => {
    const before = orion.view;
    window.postMessage({ helios: "view", link: "fov=1" }, "*");
    await new Promise((resolve) => setTimeout(resolve, 50));
    return [before, orion.view];
  });
  found.moved = await page.evaluate(async () => {
    document.body.prepend(orion);
    await orion.ready;
    return orion.view;
  });

  found.points = await page.evaluate(async () => {
    const before = orion.view;
    orion.setAttribute("points", " mine.csv  other.csv");
    await orion.ready;
    return [before, orion.view, orion.frame.src];
  });
  await page.waitForFunction(
    () => orion.frame.contentDocument.querySelectorAll("#points-menu label").length === 2,
  );

  found.foreign = await page.evaluate(async (foreign) => {
    const sky = Object.assign(document.createElement("helios-sky"), { id: "far" });
    sky.setAttribute("src", foreign);
    sky.setAttribute("look", "10,20");
    document.body.prepend(sky);
    await sky.ready;
    await sky.go({ fov: 12 });
    return { view: sky.view, window: sky.frame.contentDocument };
  }, job.foreign);
  found.failed = await page.evaluate(async (empty) => {
    const sky = document.createElement("helios-sky");
    const nothing = await sky.ready.catch((reason) => reason.message);
    sky.setAttribute("src", empty);
    const told = new Promise((resolve) => sky.addEventListener("failed", ({ detail }) => resolve(detail)));
    document.body.prepend(sky);
    const reason = await sky.ready.catch((error) => error.message);
    sky.remove();
    return { nothing, reason, told: await told };
  }, job.empty);
  process.stdout.write(JSON.stringify({ ...found, said }));
} finally {
  await browser.close();
}

/** The views of both, their light, that of all pixels, and what they complain of. */
function look() {
  return [orion, pleiades].map((sky) => {
    const { helios, document } = sky.frame.contentWindow;
    const { width, height } = document.getElementById("sky");
    const light = helios.readLight(0, 0, width, height).reduce((sum, value) => sum + value, 0);
    return { view: sky.view, light, problems: [...helios.problems] };
  });
}
