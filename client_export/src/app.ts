/** The viewer: one camera, one stage, and the parts of the page around them. Draws only when something changed. */
import { Camera } from "./camera.ts";
import { Controls } from "./controls.ts";
import { messageOf } from "./errors.ts";
import { EV_RANGE, exposureAt } from "./exposure.ts";
import type { Way } from "./find/turn.ts";
import type { Names } from "./names.ts";
import { element, showNotice } from "./notices.ts";
import { clamp } from "./numbers.ts";
import type { Overlay } from "./overlay.ts";
import type { Site, SourceOf } from "./site.ts";
import { towards } from "./sky.ts";
import type { Source, View } from "./source.ts";
import type { Stage } from "./stage.ts";
import { type ViewState, applyViewState, formatViewState, parseViewState } from "./view_state.ts";

/** Where a fresh view looks: the belt of Orion, ICRS degrees. */
const FIRST_LOOK = [83.8, -1.2] as const;
/** Rest after which the address takes over the view, milliseconds: browsers limit how often it may change. */
const ADDRESS_DELAY_MS = 400;
/** How often a moving camera asks for cells, milliseconds. */
const LOAD_EVERY_MS = 200;
/** Longest step of a motion, seconds: after a pause of the page nothing leaps. */
const LONGEST_STEP_S = 0.1;

export class App {
  /** What the page was opened with, before the view took over. */
  readonly address = location.href;
  readonly camera = new Camera();
  readonly source: Source;
  /** Null until the landmarks are read. */
  names: Names | null = null;
  /** Stops above the default exposure. */
  ev = 0;
  /** Drawn over the sky, in this order. */
  private readonly overlays: Overlay[] = [];
  readonly controls: Controls;
  private flight: { plan: Way; since: number } | null = null;
  private namesShown = true;
  private frame = 0;
  private lastTime: number | null = null;
  private lastLoad = 0;
  private addressTimer = 0;
  private writtenHash = "";
  private readonly reducedMotion = window.matchMedia("(prefers-reduced-motion: reduce)");

  constructor(
    readonly stage: Stage,
    sourceOf: SourceOf,
  ) {
    this.source = sourceOf({
      onCell: (_, cell) => this.names?.addCell(cell),
      onError: showNotice,
      onProgress: (done, known) => {
        element("loading").textContent = done < known ? `Loading stars: ${Math.floor((100 * done) / known)} %` : "";
      },
      onChange: () => this.invalidate(),
    });
    stage.show(this.source);
    this.controls = new Controls(
      stage.canvas,
      this.camera,
      () => this.invalidate(),
      () => {
        this.flight = null;
      },
    );
    window.addEventListener("resize", () => {
      this.stage.fit();
      this.invalidate();
    });
    window.addEventListener("hashchange", () => {
      if (window.location.hash !== this.writtenHash) this.readAddress();
    });
    this.stage.canvas.addEventListener("webglcontextrestored", () => this.invalidate());
    this.camera.look(towards(...FIRST_LOOK));
    this.readAddress();
  }

  /** Resolves when all that the present view needs is loaded and drawn. */
  async settle(): Promise<void> {
    await this.source.settle(this.view);
    await this.drawn();
  }

  /** Resolves when what is here is drawn. @throws Error where the GPU cannot draw it. */
  async drawn(): Promise<void> {
    const next = () => new Promise<number>(requestAnimationFrame);
    cancelAnimationFrame(this.frame);
    this.draw(await next());
    await next();
  }

  /** Draws a frame soon. */
  invalidate(): void {
    if (this.frame === 0) this.frame = requestAnimationFrame((now) => this.draw(now));
  }

  /** Draws `overlay` over the sky from now on, above those that are there. */
  addOverlay(overlay: Overlay): void {
    this.overlays.push(overlay);
    this.invalidate();
  }

  private get view(): View {
    const { width, height } = this.stage.size;
    return { camera: this.camera, width, height };
  }

  /** Whether a flight to a place is under way. */
  get flying(): boolean {
    return this.flight !== null;
  }

  setExposure(ev: number): void {
    this.ev = clamp(ev, EV_RANGE);
    element<HTMLInputElement>("exposure-input").value = String(this.ev);
    const sign = this.ev > 0 ? "+" : this.ev < 0 ? "−" : "±";
    element("exposure-value").textContent = `${sign}${Math.abs(this.ev)}`;
    this.invalidate();
  }

  /** Connects the buttons and keys of the page, names the landmarks of the site and lets a user search for them. */
  async complete(site: Site): Promise<void> {
    const page = import("./page.ts");
    const named = Promise.all([page, site.landmarks()]).then(([{ Names, parseLandmarks }, file]) => {
      this.names = new Names(parseLandmarks(...file), this);
      this.overlays.unshift(this.names);
      this.showNames();
    });
    const told = named.catch((reason: unknown) => showNotice(messageOf(reason)));
    (await page).connectPage(this);
    await told;
  }

  /** Goes a way, by jumping to its end if `atOnce` or where less motion is asked for. */
  fly(plan: Way, atOnce: boolean): void {
    this.flight = null;
    if (plan.arrival) this.controls.restart(plan.arrival / 2);
    if (atOnce || this.reducedMotion.matches) plan.jump();
    else this.flight = { plan, since: performance.now() };
    this.invalidate();
    this.stage.canvas.focus();
  }

  toggleNames(): void {
    this.namesShown = !this.namesShown;
    this.showNames();
  }

  private showNames(): void {
    if (this.names) this.names.labels.visible = this.namesShown;
    element("labels-button").setAttribute("aria-pressed", String(this.namesShown));
    this.invalidate();
  }

  goHome(): void {
    this.flight = null;
    this.names?.leave();
    this.controls.restart();
    this.camera.position = [0, 0, 0];
    this.invalidate();
  }

  private readAddress(): void {
    this.goTo(parseViewState(window.location.search, window.location.hash));
  }

  /** Puts the camera where `state` says, at rest. */
  goTo(state: ViewState): void {
    this.flight = null;
    this.names?.leave();
    this.controls.restart();
    applyViewState(state, this.camera);
    this.setExposure(state.ev ?? this.ev);
  }

  private draw(now: number): void {
    this.frame = 0;
    const seconds = this.lastTime === null ? 0 : Math.min(LONGEST_STEP_S, (now - this.lastTime) / 1000);
    let moving = this.controls.step(seconds);
    if (this.flight) {
      if (this.flight.plan.step((now - this.flight.since) / 1000)) this.flight = null;
      moving = true;
    }
    const changing = this.source.update(this.view, now);
    this.stage.draw(this.camera, exposureAt(this.ev));
    const frame = { camera: this.camera, size: this.stage.size, atRest: !moving };
    for (const overlay of this.overlays) overlay.draw(frame);
    if (!moving || now - this.lastLoad > LOAD_EVERY_MS) {
      // The first frame has the stars of the naked eye and the light of all others; what refines it comes from here on.
      if (this.lastLoad === 0) performance.mark("first sky");
      this.lastLoad = now;
      this.source.load(this.view);
    }
    this.lastTime = moving ? now : null;
    if (moving || changing) this.invalidate();
    window.clearTimeout(this.addressTimer);
    this.addressTimer = window.setTimeout(() => this.writeAddress(), ADDRESS_DELAY_MS);
  }

  /** Makes the address that of the view. */
  writeAddress(): void {
    this.writtenHash = formatViewState(this.camera, this.ev);
    if (this.writtenHash !== window.location.hash) window.history.replaceState(null, "", this.writtenHash);
  }
}
