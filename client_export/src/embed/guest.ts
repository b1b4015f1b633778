/** The viewer in a frame of another page: it tells that page its view, and goes where the page says. See sky_element.ts. */
import type { Names } from "../names.ts";
import type { Overlay } from "../overlay.ts";
import type { Call, Told } from "./sky_element.ts";

/** How often the page hears of a view that moves, milliseconds. */
const TELL_EVERY_MS = 100;

/** What shows the sky. */
export interface Hosted {
  /** The text of the present view's link. */
  readonly hash: string;
  /** Whether a flight to a place is under way. */
  readonly flying: boolean;
  /** Null where the names of the site did not come. */
  readonly names: Names | null;
  addOverlay(overlay: Overlay): void;
}

/** Answers the page around this one from when the first view is drawn. What it tells is not secret, so any page may hear it. */
export async function connectHost(app: Hosted): Promise<void> {
  const tell = (told: Told) => window.parent.postMessage(told, "*");
  await window.helios.ready;

  let [told, last] = [app.hash, 0];
  const arrivals: (() => void)[] = [];
  const tellView = () => {
    if (told === app.hash) return;
    [told, last] = [app.hash, performance.now()];
    tell({ helios: "view", link: told });
  };
  window.addEventListener("message", ({ source, data }) => {
    const call = data as Call;
    if (source !== window.parent || call?.helios !== "call") return;
    const answer = (value: boolean) => {
      tellView(); // what was asked for is seen by who hears that it is done
      tell({ helios: "answer", id: call.id, value });
    };
    void (call.what === "goto" ? goto(call.text) : go(call.text)).then(answer);
  });
  app.addOverlay({
    draw: ({ atRest }) => {
      if (!app.flying) for (const arrive of arrivals.splice(0)) arrive();
      if (atRest || performance.now() - last >= TELL_EVERY_MS) tellView();
    },
  });
  tell({ helios: "ready", link: told });

  async function go(link: string): Promise<boolean> {
    await window.helios.go?.(link);
    return true;
  }

  async function goto(name: string): Promise<boolean> {
    if (!(await app.names?.seek(name, false))) return false;
    if (app.flying) await new Promise<void>((resolve) => arrivals.push(resolve));
    return true;
  }
}
