/** The control of the exposure: a slider, a button for automatic, and what it comes to. */
import { EV_RANGE, EV_STEP, exposureAt } from "./exposure.ts";
import { limitOf } from "./eye.ts";
import { element } from "./notices.ts";
import type { Overlay } from "./overlay.ts";

const TEXT = {
  /** Of the faintest star that is seen. */
  limit: (magnitude: string) => `mag ${magnitude}`,
  /** For screen readers. */
  value: (stops: string, magnitude: string) => `${stops} stops, stars to magnitude ${magnitude}`,
  /** A sign of its own stands before stops. */
  stops: (stops: string) => (stops.startsWith("-") ? `−${stops.slice(1)}` : `+${stops}`),
};

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
      const limit = limitOf(exposureAt(app.ev), camera.focalPx(size.height)).toFixed(1).replace("-", "−");
      const stops = TEXT.stops(app.ev.toFixed(1));
      slider.value = String(app.ev);
      slider.setAttribute("aria-valuetext", TEXT.value(stops, limit));
      const value = element("exposure-value");
      value.textContent = TEXT.limit(limit);
      value.title = TEXT.value(stops, limit);
      button.setAttribute("aria-pressed", String(app.auto));
    },
  });
}
