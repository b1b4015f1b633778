/** The control of the exposure: a slider, a button for automatic, and what it comes to. */
import { element } from "./element.ts";
import { EV_RANGE, EV_STEP, exposureAt } from "./exposure.ts";
import { limitOf } from "./eye.ts";
import type { Overlay } from "./overlay.ts";
import { decimal, written } from "./text/numbers.ts";
import { TEXT } from "./text/text.ts";

/** A sign of its own stands before stops. */
const STOPS = { minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: "always" } as const;

/** What it shows and changes. */
interface Exposed {
  readonly ev: number;
  readonly auto: boolean;
  setExposure(ev: number | "auto"): void;
  addOverlay(overlay: Overlay): void;
}

export function connectExposure(app: Exposed): void {
  const slider = element<HTMLInputElement>("exposure-input");
  const button = element("auto-button");
  slider.min = String(EV_RANGE[0]);
  slider.max = String(EV_RANGE[1]);
  slider.step = String(EV_STEP);
  slider.addEventListener("input", () => app.setExposure(Number(slider.value)));
  button.addEventListener("click", () => app.setExposure(app.auto ? app.ev : "auto"));
  app.addOverlay({
    draw: ({ camera, size }) => {
      const limit = decimal(limitOf(exposureAt(app.ev), camera.focalPx(size.height)), 1);
      const stops = written(app.ev, STOPS);
      slider.value = String(app.ev);
      slider.setAttribute("aria-valuetext", TEXT.exposure.value(stops, limit));
      const value = element("exposure-value");
      value.textContent = TEXT.exposure.limit(limit);
      value.title = TEXT.exposure.value(stops, limit);
      button.setAttribute("aria-pressed", String(app.auto));
    },
  });
}
