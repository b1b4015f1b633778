/** What of the page may come after the first sky: its buttons and keys, and named places. */
import { type Controls, takesKeys } from "./controls.ts";
import { EV_RANGE, EV_STEP } from "./exposure.ts";
import { formatDistance, formatSpeed } from "./lengths.ts";
import { element } from "./notices.ts";
import { type Pointed, connectPointer } from "./panel/pointer.ts";
import { length } from "./vec.ts";

export { parseLandmarks } from "./landmark.ts";
export { Names } from "./names.ts";

/** What buttons and keys change. */
export interface Controlled extends Pointed {
  readonly ev: number;
  readonly controls: Controls;
  setExposure(ev: number): void;
  toggleNames(): void;
  goHome(): void;
}

/** Connects the buttons and keys of the page. */
export function connectPage(app: Controlled): void {
  const slider = element<HTMLInputElement>("exposure-input");
  slider.min = String(EV_RANGE[0]);
  slider.max = String(EV_RANGE[1]);
  slider.step = String(EV_STEP);
  app.setExposure(app.ev);
  slider.addEventListener("input", () => app.setExposure(Number(slider.value)));

  const help = element<HTMLDialogElement>("help");
  element("labels-button").addEventListener("click", () => app.toggleNames());
  element("home-button").addEventListener("click", () => app.goHome());
  element("help-button").addEventListener("click", () => help.showModal());
  for (const button of document.querySelectorAll<HTMLElement>("#pad [data-hold]")) {
    const what = button.dataset.hold as "forward" | "back";
    button.addEventListener("pointerdown", () => app.controls.hold(what, true));
    for (const end of ["pointerup", "pointerleave", "pointercancel"]) {
      button.addEventListener(end, () => app.controls.hold(what, false));
    }
  }
  for (const button of document.querySelectorAll<HTMLElement>("#pad [data-speed]")) {
    button.addEventListener("click", () => app.controls.changeSpeed(0.5 * Number(button.dataset.speed)));
  }

  connectPointer(app);

  app.addOverlay({
    draw: ({ camera }) => {
      const fromSun = length(camera.position);
      const where = fromSun > 0 ? `${formatDistance(fromSun)} from the Sun` : "At the Sun";
      element("place").textContent = `${where}   ·   speed ${formatSpeed(app.controls.speed)}`;
    },
  });

  const actions: Record<string, () => void> = {
    "+": () => app.setExposure(app.ev + EV_STEP),
    "=": () => app.setExposure(app.ev + EV_STEP),
    "-": () => app.setExposure(app.ev - EV_STEP),
    "/": () => app.names?.find(),
    "?": () => help.showModal(),
    n: () => app.toggleNames(),
    h: () => app.goHome(),
  };
  window.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || takesKeys(event.target)) return;
    const action = actions[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
