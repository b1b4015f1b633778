// Runs the first cell of a notebook in JupyterLab, as a user does, and looks into the frame that it puts out.
// Standard input: {url, chromium, png, within: ms, until: code}: the lab's address with its token; when the frame is
// as it should be. Standard output: {src, view, loaded, light, problems}.
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
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(job.within);
  await page.goto(job.url);
  // JupyterLab drops what is run before it is connected to the kernel.
  await page.getByText("Python 3 (ipykernel) | Idle").waitFor();
  await page.locator(".jp-Notebook .jp-CodeCell .cm-content").first().click();
  await page.keyboard.press("Shift+Enter");
  const element = await page.waitForSelector(".jp-OutputArea iframe");
  const frame = await element.contentFrame();
  await frame.waitForFunction(() => window.helios?.readLight !== undefined);
  await frame.evaluate(() => window.helios.ready);
  await frame.waitForFunction(job.until);
  const seen = await frame.evaluate(() => {
    const { width, height } = document.getElementById("sky");
    return {
      view: window.helios.view(),
      loaded: window.helios.loaded(),
      light: window.helios.readLight(0, 0, width, height).reduce((sum, value) => sum + value, 0),
      problems: [...window.helios.problems],
    };
  });
  await page.screenshot({ path: job.png });
  process.stdout.write(JSON.stringify({ src: await element.getAttribute("src"), ...seen }));
} finally {
  await browser.close();
}
