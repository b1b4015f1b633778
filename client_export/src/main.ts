import { App } from "./app.ts";
import { exposeApi } from "./debug_api.ts";
import { messageOf } from "./errors.ts";
import { element, showFatal, showNotice } from "./notices.ts";
import { openSite } from "./site.ts";
import { Stage } from "./stage.ts";
import { sayWaiting } from "./waiting.ts";
import "./style.css";
import "./panels.css";
import "./chart.css";

async function start(): Promise<App> {
  const site = await openSite("", window.fetch.bind(window), waiting);
  // Files come while the GPU is got ready, which holds up this thread.
  const opening = site.open();
  opening.catch(() => undefined); // awaited below, if the stage comes about
  const stage = new Stage(element<HTMLCanvasElement>("sky"));
  const app = new App(stage, await opening);
  await app.drawn();
  waiting.end();
  document.body.classList.remove("starting");
  await app.complete(site);
  return app;
}

const waiting = sayWaiting(element("boot"));
document.body.classList.add("starting");
const started = start();
started.catch((reason: unknown) => {
  waiting.end();
  showFatal(messageOf(reason));
});
window.addEventListener("error", (event) => showNotice(event.message));
window.addEventListener("unhandledrejection", (event) => showNotice(messageOf(event.reason)));
exposeApi(started);
