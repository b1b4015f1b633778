/** Says where one is and what is in view to who does not see it: when asked, and when a flight has ended. */
import type { Camera } from "./camera.ts";
import { element } from "./element.ts";
import { messageOf } from "./errors.ts";
import type { Names } from "./names.ts";
import { showNotice } from "./notices.ts";
import type { Frame, Overlay } from "./overlay.ts";

/** What it is said of. */
export interface Traveller {
  readonly camera: Camera;
  readonly names: Names | null;
  /** Whether a flight is under way, and how many have begun. */
  readonly flying: boolean;
  readonly flights: number;
  addOverlay(overlay: Overlay): void;
}

/** Tells from now on; what is returned tells when it is called. */
export function connectWhere(app: Traveller): () => void {
  const said = element("told-text");
  let frame: Frame | null = null;
  let flights = app.flights;
  const tell = async (): Promise<void> => {
    const { textOfView } = await import("./in_view.ts");
    if (frame) said.textContent = textOfView(frame, app.names);
  };
  const ask = () => {
    said.textContent = ""; // what is the same as before would not be read out again
    void tell().catch((reason: unknown) => showNotice(messageOf(reason)));
  };
  element("told-button").addEventListener("click", ask);
  app.addOverlay({
    draw: (drawn) => {
      frame = drawn;
      if (app.flying || flights === app.flights) return;
      flights = app.flights;
      // A tour tells its stops itself.
      if (!document.body.classList.contains("touring")) ask();
    },
  });
  return ask;
}
