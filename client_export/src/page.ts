/** What of the page may come after the first sky: its buttons and keys, and named places. */
import { keepHeight } from "./bars.ts";
import { type Charted, connectChart } from "./chart/chart.ts";
import { type Controls, takesKeys } from "./controls.ts";
import { Discs } from "./discs.ts";
import { element } from "./element.ts";
import type { Hosted } from "./embed/guest.ts";
import { messageOf } from "./errors.ts";
import { connectExposure } from "./exposure_control.ts";
import { EV_STEP } from "./exposure.ts";
import { Extents } from "./extent.ts";
import { connectGyro } from "./gyro/connect.ts";
import { connectHelp } from "./help.ts";
import { canReturn, goBack } from "./history.ts";
import { formatDistance, formatSpeed } from "./lengths.ts";
import { connectLooks } from "./night.ts";
import type { Names } from "./names.ts";
import { showNotice } from "./notices.ts";
import { type Pointed, connectPointer } from "./panel/pointer.ts";
import { type Dotted, connectPoints } from "./points/connect.ts";
import type { Site } from "./site.ts";
import { connectSolar } from "./solar/connect.ts";
import type { Orbited } from "./solar/orbited.ts";
import type { Stage } from "./stage.ts";
import { TEXT } from "./text/text.ts";
import { type Timed, connectTime } from "./time/connect.ts";
import { type Toured, connectTours } from "./tour/connect.ts";
import { length } from "./vec.ts";
import { type Traveller, connectWhere } from "./where.ts";
import { connectXr } from "./xr/connect.ts";
import type { Immersed } from "./xr/immersion.ts";

export { Controls } from "./controls.ts";
export { WayHome } from "./flight.ts";
export { remember } from "./history.ts";
export { parseLandmarks } from "./landmark.ts";
export { Names } from "./names.ts";

/** What buttons and keys change. */
export interface Controlled extends Charted, Dotted, Hosted, Immersed, Orbited, Pointed, Timed, Toured, Traveller {
  readonly names: Names | null;
  readonly stage: Stage;
  readonly ev: number;
  readonly auto: boolean;
  readonly controls: Controls | null;
  setExposure(ev: number | "auto"): void;
  goHome(): void;
}

/** Connects the buttons and keys of the page. */
export function connectPage(app: Controlled, site: Site): void {
  connectChart(app, site);
  connectExposure(app);
  app.stage.showDiscs(Discs);
  app.stage.extents = new Extents();

  const back = element<HTMLButtonElement>("back-button");
  back.addEventListener("click", goBack);
  const looks = connectLooks();
  connectGyro(app, looks.box);
  connectXr(app, looks.box).catch((reason: unknown) => showNotice(messageOf(reason)));
  const help = connectHelp();
  element("labels-button").addEventListener("click", () => app.toggleNames());
  element("home-button").addEventListener("click", () => app.goHome());
  element("help-button").addEventListener("click", help);
  for (const button of document.querySelectorAll<HTMLElement>("#pad [data-hold]")) {
    const what = button.dataset.hold as "forward" | "back";
    button.addEventListener("pointerdown", () => app.controls?.hold(what, true));
    for (const end of ["pointerup", "pointerleave", "pointercancel"]) {
      button.addEventListener(end, () => app.controls?.hold(what, false));
    }
  }
  for (const button of document.querySelectorAll<HTMLElement>("#pad [data-speed]")) {
    button.addEventListener("click", () => app.controls?.changeSpeed(0.5 * Number(button.dataset.speed)));
  }

  keepHeight(document.querySelector("footer") as HTMLElement, () => app.invalidate());
  const tell = connectWhere(app);
  connectTime(app, site);
  const bodyAt = connectSolar(app, site);
  const markAt = connectPoints(app);
  connectPointer(app, (spot) => markAt(spot) ?? bodyAt(spot));
  connectTours(app, site);
  if (window.parent !== window) void import("./embed/guest.ts").then(({ connectHost }) => connectHost(app));

  app.addOverlay({
    draw: ({ camera }) => {
      const fromSun = length(camera.position);
      const where = fromSun > 0 ? TEXT.where.fromSun(formatDistance(fromSun)) : TEXT.where.atSun;
      element("place").textContent = TEXT.where.line(where, formatSpeed(app.controls?.speed ?? 0));
      back.disabled = !canReturn();
    },
  });

  const actions: Record<string, () => void> = {
    "+": () => app.setExposure(app.ev + EV_STEP),
    "=": () => app.setExposure(app.ev + EV_STEP),
    "-": () => app.setExposure(app.ev - EV_STEP),
    "/": () => app.names?.find(),
    "?": help,
    i: tell,
    n: () => app.toggleNames(),
    h: () => app.goHome(),
    backspace: goBack,
    r: () => looks.toggleNight(),
    f: () => looks.toggleFull(),
  };
  window.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || takesKeys(event.target)) return;
    const action = actions[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
