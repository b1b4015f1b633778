/** The button "Time", and links that say a date; the clock is read when one is used. */
import { takesKeys } from "../controls.ts";
import { element } from "../element.ts";
import { messageOf, SiteError } from "../errors.ts";
import { showNotice } from "../notices.ts";
import type { Site } from "../site.ts";
import type { Clock } from "../solar/orbited.ts";
import { TEXT } from "../text/text.ts";
import { formatDate, parseDate, yearOf } from "./date.ts";
import type { Time, TimeHost } from "./time.ts";

const KEY = "t";
const J2000_YR = 2000;

/** What the page has for the clock. */
export interface Timed extends TimeHost {
  clock: Clock | null;
  readonly stage: { readonly canvas: HTMLElement };
}

/** Offers the clock of `site`, and puts stars where they are at the date of a link, or today where it has bodies. */
export function connectTime(app: Timed, site: Site): void {
  const button = Object.assign(document.createElement("button"), { id: "time-button", type: "button" });
  const at = document.createElement("span");
  button.append(TEXT.time.button, at);
  button.title = TEXT.time.title;
  button.setAttribute("aria-haspopup", "true");
  element("help-button").before(button);

  const own = epochOf(site);
  const today = site.has("ephemeris") ? formatDate(yearOf(Date.now())) : null;
  const home = today === null ? own : parseDate(today);
  if (today !== null) app.date ||= today;
  let time: Time | null = null;
  let reading: Promise<Time | null> | null = null;
  const read = async (): Promise<Time | null> => {
    try {
      const made = await import("./time.ts");
      const onShow = (date: string) => (at.textContent = date && ` ${date}`);
      time = new made.Time(app, home, own, onShow, () => app.stage.canvas.focus());
      app.invalidate();
      return time;
    } catch (reason) {
      reading = null; // the next press asks for it again
      app.date = "";
      showNotice(messageOf(reason));
      return null;
    }
  };
  const ready = () => (reading ??= read());

  const toggle = () => void ready().then((made) => made?.toggle());
  button.addEventListener("click", toggle);
  window.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || takesKeys(event.target)) return;
    if (event.key.toLowerCase() === KEY) toggle();
  });
  app.clock = {
    get year() {
      return time?.year ?? parseDate(app.date) ?? home ?? J2000_YR;
    },
    step: (now) => {
      if (app.date) void ready();
      return time?.step(now) ?? false;
    },
    settle: async () => {
      if (app.date) await ready();
      await time?.settle();
    },
  };
  if (app.date) app.invalidate();
}

/** The Julian year at which the stars of `site` are where its pack has them; null where that has no motions. */
function epochOf({ manifest: { epoch } }: Site): number | null {
  if (epoch === undefined) return null;
  if (typeof epoch !== "number" || !(Math.abs(epoch) <= 30_000)) throw new SiteError(TEXT.time.damaged);
  return epoch;
}
