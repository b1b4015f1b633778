// Opens sites in Chromium, goes to each view in turn and writes down what is seen.
// Standard input, a line for each visit: {url, chromium, viewport: {width, height}, density, touch, reducedMotion, locale,
// ownCertificate (the server signed its certificate itself), before, start, views: [{state, steps, points, light, png,
// clean}]}. Standard output, likewise: {views: [{projected, light, labels, view, loaded, script}], problems, page,
// console}, or {failure}. `look.py` says what they mean. Visits share a browser, which takes longest to start, and
// nothing else.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(
  new URL("../../client_export/package.json", import.meta.url),
);
const { chromium } = require("playwright-core");

const FLAGS = [
  "--no-sandbox",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  "--enable-precise-memory-info",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

let browser = null;
for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line);
  let answer;
  try {
    browser ??= await chromium.launch({
      executablePath: job.chromium,
      args: FLAGS,
      headless: true,
    });
    answer = await visit(job);
  } catch (error) {
    answer = { failure: String(error?.stack ?? error) };
    await browser?.close();
    browser = null;
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
await browser?.close();

async function visit(job) {
  const seen = { views: [], problems: [], page: "", console: [] };
  const context = await browser.newContext({
    viewport: job.viewport,
    deviceScaleFactor: job.density ?? 1,
    reducedMotion: job.reducedMotion ? "reduce" : "no-preference",
    hasTouch: job.touch ?? false,
    locale: job.locale ?? "en-US",
    ignoreHTTPSErrors: job.ownCertificate ?? false,
  });
  const page = await context.newPage();
  await page.addInitScript(toBase64);
  if (job.before) await page.addInitScript(job.before);
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()))
      seen.console.push(message.text());
  });
  page.on("pageerror", (error) => seen.console.push(String(error)));
  await page.goto(job.url + (job.start ?? ""));
  const started = await page.evaluate(() =>
    window.helios.ready.then(
      () => true,
      () => false,
    ),
  );
  for (const view of started ? job.views : []) {
    seen.views.push(await look(page, view));
  }
  seen.problems = await page.evaluate(() => [...window.helios.problems]);
  seen.page = await page.evaluate(() => document.body.innerText);
  await context.close();
  return seen;
}

/** Gives pages a function that makes text of an array: of its numbers one by one, Playwright would make an object each. */
function toBase64() {
  window.toBase64 = ({ buffer, byteOffset, byteLength }) => {
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    let text = "";
    for (let i = 0; i < bytes.length; i += 8192)
      text += String.fromCharCode(...bytes.subarray(i, i + 8192));
    return btoa(text);
  };
}

async function look(page, view) {
  if (view.state)
    await page.evaluate((state) => window.helios.go(state), view.state);
  let script = null;
  for (const step of view.steps ?? [])
    script = (await perform(page, step)) ?? script;
  const found = await page.evaluate(
    ({ points, light }) => ({
      projected: points.map(([x, y, z]) => window.helios.project(x, y, z)),
      light: light ? window.toBase64(window.helios.readLight(...light)) : null,
      labels: window.helios.labels(),
      view: window.helios.view(),
      loaded: window.helios.loaded(),
    }),
    { points: view.points ?? [], light: view.light ?? null },
  );
  if (view.png) await photograph(page, view);
  return { ...found, script };
}

async function photograph(page, view) {
  const style =
    "body * { visibility: hidden !important; } body #sky { visibility: visible !important; box-shadow: none !important; }";
  await page.screenshot({ path: view.png, ...(view.clean ? { style } : {}) });
}

// A step of a user: {press: key}, {hold: key}, {release: key}, {type: text}, {drag: [x0, y0, x1, y1]}, {wheel: pixels},
// {click: [x, y], count: 2}, {down: [x, y]}, {move: [x, y]}, {up: true}, {wait: ms}, {until: code}, {evaluate: code},
// {resize: [width, height]}, {swipe: [x0, y0, x1, y1]} and {tap: [x, y] or a selector} by a finger, {tree: true}: what a screen reader is given,
// lists of role, name, value and description.
async function perform(page, step) {
  if (step.press) await page.keyboard.press(step.press);
  if (step.hold) await page.keyboard.down(step.hold);
  if (step.release) await page.keyboard.up(step.release);
  if (step.type) await page.keyboard.type(step.type);
  if (step.wheel) await page.mouse.wheel(0, step.wheel);
  if (step.click)
    await page.mouse.click(...step.click, { clickCount: step.count ?? 1 });
  if (step.wait) await page.waitForTimeout(step.wait);
  if (step.resize) {
    const [width, height] = step.resize;
    await page.setViewportSize({ width, height });
  }
  if (step.until) await page.waitForFunction(step.until);
  if (step.evaluate) return page.evaluate(step.evaluate);
  if (typeof step.tap === "string") await page.tap(step.tap);
  else if (step.tap) await page.touchscreen.tap(...step.tap);
  if (step.swipe) await swipe(page, ...step.swipe);
  if (step.tree) return tree(page);
  if (step.down) {
    await page.mouse.move(...step.down);
    await page.mouse.down();
  }
  if (step.move) await page.mouse.move(...step.move);
  if (step.up) await page.mouse.up();
  if (step.drag) {
    const [x0, y0, x1, y1] = step.drag;
    await page.mouse.move(x0, y0);
    await page.mouse.down();
    await page.mouse.move(x1, y1, { steps: 4 });
    await page.mouse.up();
  }
  return null;
}

async function swipe(page, x0, y0, x1, y1) {
  const cdp = await page.context().newCDPSession(page);
  const send = (type, points) =>
    cdp.send("Input.dispatchTouchEvent", { type, touchPoints: points });
  await send("touchStart", [{ x: x0, y: y0 }]);
  for (let part = 1; part <= 8; part++) {
    const at = (from, to) => from + ((to - from) * part) / 8;
    await send("touchMove", [{ x: at(x0, x1), y: at(y0, y1) }]);
  }
  await send("touchEnd", []);
  await cdp.detach();
}

async function tree(page) {
  const cdp = await page.context().newCDPSession(page);
  const { nodes } = await cdp.send("Accessibility.getFullAXTree");
  await cdp.detach();
  const told = nodes.filter(({ ignored }) => !ignored);
  return told.map(({ role, name, value, description }) =>
    [role, name, value, description].map((part) => String(part?.value ?? "")),
  );
}
