/** Pointing at the sky: a click, a tap or Enter tells what is there, twice of it flies there. */
import type { Camera } from "../camera.ts";
import { messageOf } from "../errors.ts";
import { isStar } from "../landmark.ts";
import type { Names } from "../names.ts";
import { showNotice } from "../notices.ts";
import type { Overlay } from "../overlay.ts";
import type { Source } from "../source.ts";
import { type Spot, placeAt, starAt } from "./pick.ts";
import type { Panel, Subject } from "./panel.ts";

/** What is pointed at, and what goes there. */
export interface Pointed {
  readonly stage: { readonly canvas: HTMLCanvasElement };
  readonly camera: Camera;
  readonly source: Source;
  readonly names: Names | null;
  addOverlay(overlay: Overlay): void;
  invalidate(): void;
}

/** A press that moves farther is a drag, CSS px. */
const STILL_PX = 6;
/** What is so near is meant, CSS px: by a mouse, and by a finger. */
const REACH_PX = { fine: 12, coarse: 24 };

/**
 * Tells of what is pointed at from now on. The code that does is read when it is first needed. `marked` gives what is marked on the
 * sky at a spot, which is meant before all else there.
 */
export function connectPointer(app: Pointed, marked: (spot: Spot) => Subject | null): void {
  const { canvas } = app.stage;
  let pressed: { x: number; y: number } | null = null;
  let panel: Promise<Panel> | null = null;
  const ready = (): Promise<Panel> =>
    (panel ??= import("./panel.ts").then(({ Panel }) => {
      const made = new Panel({
        camera: app.camera,
        source: app.source,
        called: async (position) => app.names?.sought.at(position) ?? null,
        flyTo: (place) => app.names?.flyTo(place),
        focusSky: () => canvas.focus(),
      });
      app.addOverlay(made);
      return made;
    }));
  const point = async (x: number, y: number, reach: number, byKey: boolean): Promise<void> => {
    const { clientWidth: width, clientHeight: height } = canvas;
    const spot = { width, height, x, y, reach };
    const subject = marked(spot) ?? subjectAt(app, spot);
    if (!subject) {
      if (panel) (await panel).close();
      return;
    }
    const made = await ready();
    app.invalidate();
    await made.show(subject, byKey);
  };
  const told = (asked: Promise<void>) =>
    asked.catch((reason: unknown) => {
      panel = null; // it is read again, as if for the first time
      showNotice(messageOf(reason));
    });
  const reachOf = ({ pointerType }: PointerEvent) => (pointerType === "touch" ? REACH_PX.coarse : REACH_PX.fine);

  canvas.addEventListener("pointerdown", (event) => {
    pressed = event.isPrimary ? { x: event.clientX, y: event.clientY } : null;
  });
  canvas.addEventListener("pointerup", (event) => {
    const start = pressed;
    pressed = null;
    if (!start || !event.isPrimary) return;
    if (Math.hypot(event.clientX - start.x, event.clientY - start.y) > STILL_PX) return;
    void told(point(event.clientX, event.clientY, reachOf(event), false));
  });
  canvas.addEventListener("dblclick", () => {
    if (panel) void panel.then((made) => made.go());
  });
  window.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target !== canvas && event.target !== document.body) return;
    if (event.key === "Escape" && panel) void panel.then((made) => made.close());
    if (event.key !== "Enter") return;
    event.preventDefault(); // else the same press would choose the button that gets the focus
    // The middle of the view, which keys turn.
    void told(point(canvas.clientWidth / 2, canvas.clientHeight / 2, 2 * REACH_PX.coarse, true));
  });
}

function subjectAt({ camera, source, names }: Pointed, spot: Spot): Subject | null {
  const star = starAt(source.store, camera, spot);
  const places = names?.places.filter((place) => !star || !isStar(place)) ?? [];
  const place = names
    ? placeAt(places, (each) => names.positionOf(each), camera, { ...spot, reach: spot.reach / 2 })
    : null;
  // A place that gives no light is meant only where no star is.
  return star ? { star, place: null } : place ? { star: null, place } : null;
}
