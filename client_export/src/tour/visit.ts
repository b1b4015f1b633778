/** A tour under way: its bar, its flights, and what a visitor does meanwhile. */
import { type Camera, FRESH_FOV_DEG } from "../camera.ts";
import { takesKeys } from "../controls.ts";
import { messageOf } from "../errors.ts";
import type { Plan } from "../flight.ts";
import type { Names } from "../names.ts";
import { showNotice } from "../notices.ts";
import type { ViewState } from "../view_state.ts";
import { Bar } from "./bar.ts";
import { type Clock, Player } from "./player.ts";
import type { Stop, Tour } from "./tour_file.ts";
import { ViewWay } from "./way.ts";

export { parseTour } from "./tour_file.ts";

/** What a tour needs of the page. */
export interface TourHost {
  readonly camera: Camera;
  readonly names: Names | null;
  readonly ev: number;
  readonly auto: boolean;
  readonly flying: boolean;
  /** What is drawn over the sky, as a link says it. */
  show: string;
  setExposure(ev: number | "auto"): void;
  fly(plan: Plan, atOnce?: boolean): void;
  invalidate(): void;
}

const CLOCK: Clock = {
  now: () => performance.now(),
  after: (ms, done) => {
    const timer = window.setTimeout(done, ms);
    return () => window.clearTimeout(timer);
  },
};
/** Keys that move the focus, or do nothing alone. */
const NO_PAUSE = new Set(["Tab", "Shift", "Control", "Alt", "Meta"]);
/** What Escape closes before it leaves a tour. */
const ABOVE = ":popover-open, dialog[open], #panel:not([hidden])";
/** Degrees: fields of view that are one. */
const SAME_FOV = 0.01;

export class Visit {
  private readonly player: Player;
  private readonly bar: Bar;
  private readonly listening = new AbortController();
  /** What a visitor had before, and has again. */
  private readonly before: { show: string; ev: number | "auto" };
  private arrivals: (() => void)[] = [];

  /** Begins `tour`. `byKey`: who came by the keyboard is taken to the bar. `onLeave` is called when it is left. */
  constructor(
    private readonly host: TourHost,
    tour: Tour,
    byKey: boolean,
    private readonly onLeave: () => void,
  ) {
    this.before = { show: host.show, ev: host.auto ? "auto" : host.ev };
    this.bar = new Bar(tour, {
      onPlay: () => this.press(),
      onSkip: (by) => this.player.skip(by),
      onLeave: () => this.leave(),
    });
    const go = (stop: Stop, wanted: () => boolean) =>
      this.go(stop, wanted).catch((reason: unknown) => {
        showNotice(messageOf(reason));
        return false;
      });
    this.player = new Player(tour.stops, go, CLOCK, () => this.bar.show(this.player));
    this.listen();
    if (byKey) this.bar.focus();
    this.player.play();
  }

  /** Told of every frame: where no flight is under way any more, one has arrived. */
  drawn(): void {
    if (this.host.flying) return;
    const arrivals = this.arrivals;
    this.arrivals = [];
    for (const arrive of arrivals) arrive();
  }

  leave(): void {
    if (this.listening.signal.aborted) return;
    this.listening.abort();
    this.player.pause(true);
    this.halt();
    this.bar.remove();
    this.host.show = this.before.show;
    this.host.setExposure(this.before.ev);
    this.onLeave();
  }

  private press(): void {
    if (!this.player.playing) this.player.play();
    else if (!this.host.flying) this.player.pause();
    else {
      this.player.pause(true);
      this.halt();
    }
  }

  /** Ends a flight where it is. */
  private halt(): void {
    this.keepFocus(() => this.host.fly(new ViewWay(this.host.camera, {}), true));
  }

  private listen(): void {
    const { signal } = this.listening;
    const take = () => this.player.pause(true);
    const takeOutside = ({ target }: Event) => {
      if (!this.bar.holds(target)) take();
    };
    window.addEventListener("pointerdown", takeOutside, { signal, capture: true });
    window.addEventListener("wheel", takeOutside, { signal, capture: true, passive: true });
    window.addEventListener("popstate", take, { signal });
    window.addEventListener("keydown", (event) => this.onKey(event), { signal, capture: true });
    document.addEventListener("visibilitychange", () => document.hidden && this.player.pause(), { signal });
  }

  private onKey(event: KeyboardEvent): void {
    const { key, target } = event;
    if (NO_PAUSE.has(key) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === "Escape") {
      if (!takesKeys(target) && !document.querySelector(ABOVE)) this.leave();
    } else if (!this.bar.holds(target)) {
      this.player.pause(true);
    }
  }

  private async go({ goto, view }: Stop, wanted: () => boolean): Promise<boolean> {
    const { host } = this;
    host.show = view.show ?? this.before.show;
    host.setExposure(view.ev ?? "auto");
    if (goto === null) {
      host.names?.leave();
      await this.way(view);
      return wanted();
    }
    // How near a flight ends hangs on the field of view.
    const fov = view.fov ?? FRESH_FOV_DEG;
    if (Math.abs(fov - host.camera.fovDeg) > SAME_FOV) await this.way({ fov });
    if (!wanted() || !(await this.seek(goto, wanted))) return false;
    if (view.look && wanted()) await this.way({ look: view.look });
    return wanted();
  }

  private async way(view: ViewState): Promise<void> {
    this.keepFocus(() => this.host.fly(new ViewWay(this.host.camera, view)));
    await this.arrival();
  }

  private async seek(name: string, wanted: () => boolean): Promise<boolean> {
    const { names } = this.host;
    const focused = document.activeElement;
    if (!names || !(await names.seek(name, false, wanted))) return false;
    this.focusAgain(focused);
    await this.arrival();
    return true;
  }

  private arrival(): Promise<void> {
    this.host.invalidate();
    return new Promise((arrive) => this.arrivals.push(arrive));
  }

  /** A flight takes the focus to the sky; who uses the bar keeps it there. */
  private keepFocus(fly: () => void): void {
    const focused = document.activeElement;
    fly();
    this.focusAgain(focused);
  }

  private focusAgain(focused: Element | null): void {
    if (focused instanceof HTMLElement && this.bar.holds(focused)) focused.focus({ preventScroll: true });
  }
}
