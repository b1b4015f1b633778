/** The viewer: one camera, one stage, and the parts of the page around them. Draws only when something changed. */
import { Camera } from "./camera.ts";
import type { Controls } from "./controls.ts";
import { element } from "./element.ts";
import { messageOf } from "./errors.ts";
import { EV_RANGE, exposureAt } from "./exposure.ts";
import type { Eye } from "./eye.ts";
import type { Plan } from "./flight.ts";
import type { Names } from "./names.ts";
import { clearNotices, showNotice } from "./notices.ts";
import { clamp } from "./numbers.ts";
import type { Overlay } from "./overlay.ts";
import type { Site, SourceOf } from "./site.ts";
import { towards } from "./sky.ts";
import type { Bodies, Clock } from "./solar/orbited.ts";
import type { Source, View } from "./source.ts";
import type { Stage } from "./stage.ts";
import { TEXT } from "./text/text.ts";
import { formatBytes } from "./waiting.ts";
import { FRESH_LOOK, type ViewState, applyViewState, formatViewState, parseViewState } from "./view_state.ts";

/** Rest after which the address takes over the view, milliseconds: browsers limit how often it may change. */
const ADDRESS_DELAY_MS = 400;
/** After such a rest, milliseconds, who flies off by hand can come back. */
const REST_MS = 5000;
/** How often a moving camera asks for cells, milliseconds. */
const LOAD_EVERY_MS = 200;

export class App {
  /** What the page was opened with, before the view took over. */
  readonly address = location.href;
  readonly camera = new Camera();
  readonly source: Source;
  /** Null until the landmarks are read. */
  names: Names | null = null;
  /** Stops of exposure. */
  ev = 0;
  /** What is drawn over the sky, as a link says it. */
  show = "";
  /** The date of the stars, as a link says it; empty at that of the pack. */
  date = "";
  /** Puts stars where they are at that date. */
  clock: Clock | null = null;
  /** What is known of the solar system. */
  bodies: Bodies | null = null;
  /** The exposure follows the light in view. */
  auto = true;
  readonly eye: Eye;
  /** Drawn over the sky, in this order. */
  private readonly overlays: Overlay[] = [];
  /** Null until the code for it is there. */
  controls: Controls | null = null;
  /** Draws in place of the page's view and of what is over it. */
  instead: ((exposure: number) => void) | null = null;
  private page: typeof import("./page.ts") | null = null;
  private flight: { plan: Plan; since: number } | null = null;
  /** How many flights have begun, and how often a link has set the view. */
  flights = 0;
  jumps = 0;
  private namesShown = true;
  private frame = 0;
  private lastLoad = 0;
  /** When the camera was last moved by hand, milliseconds. */
  private lastMoved = 0;
  private addressTimer = 0;
  private writtenHash = "";
  private readonly reducedMotion = window.matchMedia("(prefers-reduced-motion: reduce)");
  /** Asks again for all that did not come. */
  private readonly again = () => this.source.retry();

  constructor(
    readonly stage: Stage,
    sourceOf: SourceOf,
    eyeOf: (sky: Source) => Eye,
  ) {
    this.source = sourceOf({
      onCell: (_, cell) => this.names?.addCell(cell),
      onError: (message) => showNotice(message, this.again),
      onMended: () => clearNotices(this.again),
      onProgress: (done, known) => {
        const share = `${Math.floor((100 * done) / known)} %`;
        element("loading").textContent = done < known ? TEXT.loadingStars(share, formatBytes(done)) : "";
      },
      onChange: () => this.invalidate(),
    });
    stage.show(this.source);
    this.eye = eyeOf(this.source);
    window.addEventListener("resize", () => {
      this.stage.fit();
      this.invalidate();
    });
    window.addEventListener("hashchange", () => {
      if (window.location.hash !== this.writtenHash) this.readAddress();
    });
    window.addEventListener("popstate", () => {
      this.writtenHash = window.location.hash;
      this.readAddress();
    });
    this.stage.canvas.addEventListener("webglcontextrestored", () => this.invalidate());
    this.camera.look(towards(...FRESH_LOOK));
    this.readAddress();
  }

  /** Resolves when all that the present view needs is loaded and drawn. */
  async settle(): Promise<void> {
    await this.source.settle(this.view);
    await this.clock?.settle();
    if (this.auto) this.ev = this.eye.look(this.view);
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
    this.camera.aspect = width / height;
    return { camera: this.camera, width, height, goal: this.flight?.plan.end };
  }

  /** Whether a flight to a place is under way. */
  get flying(): boolean {
    return this.flight !== null;
  }

  /** Keeps the exposure at so many stops, or lets it follow the light. */
  setExposure(ev: number | "auto"): void {
    this.auto = ev === "auto";
    if (ev !== "auto") this.ev = clamp(ev, EV_RANGE);
    this.invalidate();
  }

  /**
   * Connects the buttons and keys of the page, names the landmarks of the site and lets a user search for them. What does not
   * come is told, and offered to be tried again: the sky is there without. `speak` brings the texts for it.
   */
  async complete(site: Site, speak: () => Promise<void>): Promise<void> {
    await this.attempt(async () => {
      await speak();
      await this.connect(site);
    });
  }

  private async connect(site: Site): Promise<void> {
    const page = () => import("./page.ts");
    const connected = this.attempt(async () => {
      this.page = await page();
      const { source, stage, camera } = this;
      const [onInput, onGrab] = [() => this.invalidate(), () => void (this.flight = null)];
      this.controls = new this.page.Controls(stage.canvas, camera, source.store, onInput, onGrab);
      this.page.connectPage(this, site);
      document.body.classList.remove("starting");
    });
    await Promise.all([
      connected,
      this.attempt(async () => {
        // What a link names may be among what is connected.
        const [{ Names, parseLandmarks }, file] = await Promise.all([page(), site.landmarks(), connected]);
        this.names = new Names(parseLandmarks(...file), this, site);
        this.overlays.unshift(this.names);
        this.showNames();
      }),
      this.attempt(async () => (await import("./trouble.ts")).watchTrouble(this.stage.canvas, this.again)),
    ]);
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (reason) {
      showNotice(messageOf(reason), () => void this.attempt(work));
    }
  }

  /** Moves as `plan` has it, and "back" returns to the present view; or stands at its end `atOnce`. */
  fly(plan: Plan, atOnce = false): void {
    if (!atOnce) this.page?.remember(this.hash);
    this.flight = null;
    this.flights++;
    this.controls?.rest();
    if (atOnce || this.reducedMotion.matches) plan.jump();
    else this.flight = { plan, since: performance.now() };
    this.invalidate();
    if (document.hasFocus()) this.stage.canvas.focus(); // which a page around this one keeps
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
    this.names?.leave();
    if (this.page) this.fly(new this.page.WayHome(this.camera, towards(...FRESH_LOOK)));
  }

  /** The link text of the present view. */
  get hash(): string {
    return formatViewState(this.camera, this.auto ? "auto" : this.ev, this.show, this.date);
  }

  private readAddress(): void {
    this.goTo(parseViewState(window.location.search, window.location.hash));
  }

  /** Puts the camera where `state` says, at rest. */
  goTo(state: ViewState): void {
    this.flight = null;
    this.jumps++;
    this.names?.leave();
    this.controls?.rest();
    applyViewState(state, this.camera);
    this.show = state.show ?? this.show;
    this.date = state.date ?? "";
    this.setExposure(state.ev ?? "auto");
  }

  /** Does what a frame at `now`, milliseconds, is for, and draws it. */
  draw(now: number): void {
    this.frame = 0;
    const place = this.camera.position;
    let moving = this.controls?.step(now) ?? false;
    if (this.camera.position !== place) {
      // The address still holds the view of that rest.
      if (now - this.lastMoved > REST_MS && this.writtenHash) this.page?.remember(this.writtenHash);
      this.lastMoved = now;
    }
    if (this.flight) {
      if (this.flight.plan.step((now - this.flight.since) / 1000)) this.flight = null;
      moving = true;
    }
    let changing = this.source.update(this.view, now);
    if (this.clock?.step(now)) changing = true;
    const ev = this.ev;
    if (this.auto) this.ev = this.eye.follow(ev, this.view, now, !moving && !changing, this.reducedMotion.matches);
    const adapting = this.ev !== ev;
    if (this.instead) this.instead(exposureAt(this.ev));
    else {
      this.stage.draw(this.camera, exposureAt(this.ev));
      const frame = { camera: this.camera, size: this.stage.size, atRest: !moving };
      for (const overlay of this.overlays) overlay.draw(frame);
    }
    if (!moving || now - this.lastLoad > LOAD_EVERY_MS) {
      // The first frame has the stars of the naked eye and the light of all others; what refines it comes from here on.
      if (this.lastLoad === 0) performance.mark("first sky");
      this.lastLoad = now;
      this.source.load(this.view);
    }
    if (moving || changing || adapting) this.invalidate();
    window.clearTimeout(this.addressTimer);
    this.addressTimer = window.setTimeout(() => this.writeAddress(), ADDRESS_DELAY_MS);
  }

  private writeAddress(): void {
    this.writtenHash = this.hash;
    if (this.hash !== window.location.hash) window.history.replaceState(window.history.state, "", this.hash);
  }
}
