// Opens a file in Chromium, from the disk and without a network, as each reader has it, and writes down what is seen.
// Standard input: {url, chromium, readers: [{name, width, scheme, media, png}]}. Standard output: for each reader
// {requests, console, overflow: the page's width beyond that of the screen, paper, ink, loaded: whether all pictures
// are there, least: the size of the smallest letters in charts, px}.
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

const require = createRequire(
  new URL("../../client_export/package.json", import.meta.url),
);
const { chromium } = require("playwright-core");
const job = JSON.parse(await text(process.stdin));
const browser = await chromium.launch({
  executablePath: job.chromium,
  args: ["--no-sandbox"],
});
const seen = [];
for (const reader of job.readers) {
  const context = await browser.newContext({
    viewport: { width: reader.width, height: 900 },
    colorScheme: reader.scheme,
    offline: true,
  });
  const page = await context.newPage();
  const [requests, said] = [[], []];
  page.on("request", (request) => requests.push(request.url().slice(0, 200)));
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  await page.emulateMedia({ media: reader.media });
  await page.goto(job.url);
  const found = await page.evaluate(() => ({
    overflow: document.documentElement.scrollWidth - window.innerWidth,
    paper: getComputedStyle(document.documentElement).backgroundColor,
    ink: getComputedStyle(document.querySelector("p")).color,
    loaded: [...document.images].every((image) => image.naturalWidth > 0),
    least: Math.min(
      ...[...document.querySelectorAll(".chart text")].map((word) => {
        const { a, b } = word.getScreenCTM();
        return parseFloat(getComputedStyle(word).fontSize) * Math.hypot(a, b);
      }),
    ),
  }));
  await page.screenshot({ path: reader.png, fullPage: true });
  seen.push({ ...found, requests, console: said });
  await context.close();
}
await browser.close();
process.stdout.write(JSON.stringify(seen));
