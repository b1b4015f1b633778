import { App } from "./app.ts";
import { element } from "./element.ts";
import { messageOf } from "./errors.ts";
import { problems, showFatal, showNotice } from "./notices.ts";
import { openSite } from "./site.ts";
import { Stage } from "./stage.ts";
import { sayWaiting } from "./waiting.ts";
import "./style.css";
import "./panels.css";
import "./chart.css";
import "./points/points.css";
import "./time/time.css";
import "./tour/tour.css";

/** Takes the texts in the visitor's language. @throws TypeError where they do not come. */
const speak = async () => (await import("./text/language.ts")).usePageLanguage();

async function start(): Promise<App> {
  const eye = import("./eye.ts"); // beside the files of the site
  eye.catch(() => undefined); // awaited below
  speak().catch(() => undefined); // asked for again by the page
  const site = await openSite("", window.fetch.bind(window), waiting);
  // Files come while the GPU is got ready, which holds up this thread.
  const opening = site.open();
  opening.catch(() => undefined); // awaited below, if the stage comes about
  const stage = new Stage(element<HTMLCanvasElement>("sky"));
  const { Eye } = await eye;
  const app = new App(stage, await opening, (sky) => new Eye(sky));
  await app.drawn();
  waiting.end();
  await app.complete(site, speak);
  return app;
}

const waiting = sayWaiting(element("boot"));
document.body.classList.add("starting");
const started = start();
started.catch((reason: unknown) => {
  waiting.end();
  showFatal(messageOf(reason));
  window.parent.postMessage({ helios: "failed", text: messageOf(reason) }, "*");
});
window.addEventListener("error", (event) => showNotice(event.message));
window.addEventListener("unhandledrejection", (event) => showNotice(messageOf(event.reason)));

const ready = started.then(async (app) => {
  Object.assign(window.helios, (await import("./debug_api.ts")).apiOf(app));
  await app.settle();
});
ready.catch(() => undefined); // already on the page; this only keeps it from being reported twice
window.helios = { ready, problems };
