// Measures frames of a site in Chromium with software GL. Standard input: {url, chromium, flags, viewport, frames, splats,
// states}. Standard output: for each state, with all that is loaded drawn (everything) and with what is in view (seen):
// {cpu, script, drawn}, milliseconds of processor a frame of all processes and of the page's scripts, and what is drawn.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../client_export/package.json", import.meta.url));
const { chromium } = require("playwright-core");

const job = JSON.parse(readFileSync(0, "utf8"));
const browser = await chromium.launch({ executablePath: job.chromium, args: job.flags, headless: true });
try {
  const all = await browser.newBrowserCDPSession();
  const seen = await measure(all, false);
  const everything = await measure(all, true);
  process.stdout.write(JSON.stringify(job.states.map((_, i) => ({ seen: seen[i], everything: everything[i] }))));
} finally {
  await browser.close();
}

async function measure(all, everything) {
  const page = await browser.newPage({ viewport: job.viewport });
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  // Processor time, milliseconds: of all processes, and of scripts.
  const spent = async () => {
    const { processInfo } = await all.send("SystemInfo.getProcessInfo");
    const { metrics } = await session.send("Performance.getMetrics");
    const cpu = processInfo.reduce((sum, { cpuTime }) => sum + 1000 * cpuTime, 0);
    return { cpu, script: 1000 * metrics.find(({ name }) => name === "ScriptDuration").value };
  };
  await page.goto(job.url);
  await page.evaluate(() => window.helios.ready);
  const found = [];
  for (const state of job.states) {
    await page.evaluate(settle, { state, splats: job.splats, everything });
    await page.evaluate(turn, 5);
    const rounds = [];
    for (let round = 0; round < 5; round++) {
      const before = await spent();
      await page.evaluate(turn, job.frames);
      const after = await spent();
      rounds.push({ cpu: (after.cpu - before.cpu) / job.frames, script: (after.script - before.script) / job.frames });
    }
    const median = (name) => rounds.map((round) => round[name]).sort((a, b) => a - b)[2];
    const drawn = await page.evaluate(() => window.helios.drawn());
    found.push({ cpu: median("cpu"), script: median("script"), drawn });
  }
  await page.close();
  return found;
}

async function settle({ state, splats, everything }) {
  const source = window.helios.source();
  if (source.budget) source.budget = { ...source.budget, splats };
  await window.helios.go(state);
  if (everything) window.helios.drawAll();
}

// Draws so many frames by turning the camera to and fro by a pixel; each is waited for until the GPU has drawn it.
async function turn(frames) {
  const canvas = document.querySelector("#sky");
  const drag = (type, clientX) => {
    const at = { pointerId: 1, isPrimary: true, button: 0, buttons: 1, clientX, clientY: 240 };
    canvas.dispatchEvent(new PointerEvent(type, { ...at, bubbles: true }));
  };
  if (!window.drawn) {
    window.drawn = () => undefined;
    window.helios.addOverlay({ draw: () => window.drawn() });
  }
  drag("pointerdown", 320);
  for (let frame = 0; frame < frames; frame++) {
    const drawn = new Promise((done) => (window.drawn = done));
    drag("pointermove", 320 + ((frame + 1) % 2));
    await drawn;
    window.helios.readLight(0, 0, 1, 1);
  }
  drag("pointerup", 320);
}
