/** Offers the solar system of a site; its code and files are read near the Sun, or when something is searched for. */
import { messageOf } from "../errors.ts";
import { showNotice } from "../notices.ts";
import type { Subject } from "../panel/panel.ts";
import type { Spot } from "../panel/pick.ts";
import type { Site } from "../site.ts";
import { length } from "../vec.ts";
import type { Orbited } from "./orbited.ts";
import { REACH_M } from "./reach.ts";
import type { Solar } from "./solar.ts";

/** Offers the bodies of `site`, if it has any, after its clock. Returns what of them is at a spot of the view. */
export function connectSolar(app: Orbited, site: Site): (spot: Spot) => Subject | null {
  const { clock } = app;
  if (!clock || !site.has("ephemeris")) return () => null;
  let solar: Solar | null = null;
  let reading: Promise<Solar | null> | null = null;
  let failed = false;
  const read = async (): Promise<Solar | null> => {
    try {
      const made = await import("./read.ts");
      solar = await made.readSolar(app, site, clock);
      failed = false;
      app.invalidate();
      return solar;
    } catch (reason) {
      failed = true;
      reading = null; // the next press asks for it again
      showNotice(messageOf(reason), () => void ready());
      return null;
    }
  };
  const ready = () => (reading ??= read());
  const isNear = () => length(app.camera.position) < REACH_M;
  app.bodies = {
    ready,
    get solar() {
      return solar;
    },
  };
  app.clock = {
    get year() {
      return clock.year;
    },
    step: (now) => {
      const goesOn = clock.step(now);
      if (!solar && !failed && isNear()) void ready();
      solar?.step();
      return goesOn;
    },
    settle: async () => {
      await clock.settle();
      if (isNear() && !failed) await ready();
      solar?.step();
    },
  };
  app.invalidate();
  return (spot) => solar?.subjectAt(spot) ?? null;
}
