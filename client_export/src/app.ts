/** The viewer: one camera, one stage, and the parts of the page around them. Draws only when something changed. */
import { Camera } from "./camera.ts";
import { Controls, takesKeys } from "./controls.ts";
import { Destination } from "./destination.ts";
import { EV_RANGE, EV_STEP, exposureAt } from "./exposure.ts";
import { Flight } from "./flight.ts";
import { Labels } from "./labels.ts";
import { type Landmark, SUN } from "./landmark.ts";
import { LandmarkStars } from "./landmark_stars.ts";
import type { Layer } from "./layers.ts";
import { Loader } from "./loader.ts";
import { element, showNotice } from "./notices.ts";
import { clamp } from "./numbers.ts";
import type { Overlay } from "./overlay.ts";
import type { PackedCell } from "./pack_format.ts";
import { Search } from "./search.ts";
import { type Site, weightOf } from "./site.ts";
import { formatDistance, formatSpeed, towards } from "./sky.ts";
import { SplatStore } from "./splat_store.ts";
import type { Stage } from "./stage.ts";
import { length } from "./vec.ts";
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
  readonly camera = new Camera();
  readonly store: SplatStore;
  readonly labels: Labels;
  /** Stops above the default exposure. */
  ev = 0;
  /** Drawn over the sky, in this order. */
  private readonly overlays: Overlay[];
  private readonly loader: Loader;
  private readonly landmarkStars: LandmarkStars;
  private readonly controls: Controls;
  private readonly destination: Destination;
  private flight: { plan: Flight; since: number } | null = null;
  private frame = 0;
  private lastTime: number | null = null;
  private lastLoad = 0;
  private addressTimer = 0;
  private writtenHash = "";
  private readonly reducedMotion = window.matchMedia("(prefers-reduced-motion: reduce)");

  constructor(
    readonly stage: Stage,
    site: Site,
  ) {
    const landmarks = site.landmarks.some(({ id }) => id === SUN.id) ? site.landmarks : [SUN, ...site.landmarks];
    const { layers } = site;
    const total = (countOf: (layer: Layer) => number) => layers.reduce((sum, layer) => sum + countOf(layer), 0);
    this.store = new SplatStore(
      total(({ pack }) => pack.splatCount),
      total(({ pack }) => pack.cells.length),
    );
    stage.show(this.store);
    this.landmarkStars = new LandmarkStars(landmarks);
    this.destination = new Destination(element("goal"), element("about"), element("hint"), this.store);
    this.labels = new Labels(element("labels"), landmarks, this.landmarkStars, () => this.destination.current);
    this.overlays = [this.destination, this.labels, { draw: () => this.showPlace() }];
    this.loader = new Loader(site, {
      onCell: (layer, siteCell, cell) => {
        const { points } = siteCell.packed[layer] as PackedCell;
        const what = `${layers[layer].folder}/${siteCell.name}`;
        const stored = this.store.add(what, cell, points, weightOf(layers, layer, siteCell));
        siteCell.shown[layer] = true;
        this.landmarkStars.addCell(this.store, stored);
        this.invalidate();
      },
      onError: showNotice,
      onProgress: (done, known) => {
        element("loading").textContent = done < known ? `Loading stars: ${Math.floor((100 * done) / known)} %` : "";
      },
    });
    this.controls = new Controls(
      stage.canvas,
      this.camera,
      () => this.invalidate(),
      () => {
        this.flight = null;
      },
    );
    const search = new Search(
      element<HTMLInputElement>("search-input"),
      element("search-list"),
      landmarks,
      (landmark) => {
        this.flyTo(landmark);
        stage.canvas.focus();
      },
    );
    this.connectPage(search);
    this.camera.look(towards(...FIRST_LOOK));
    this.readAddress();
  }

  /** Resolves when all that the present view needs is loaded and drawn. */
  async settle(): Promise<void> {
    await this.loader.load(this.camera.position);
    this.invalidate();
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
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

  flyTo(landmark: Landmark): void {
    const plan = new Flight(this.camera, () => this.landmarkStars.positionOf(landmark), landmark.radiusM);
    this.controls.restart(plan.arrival / 2);
    this.destination.set(landmark);
    if (this.reducedMotion.matches) plan.jump();
    else this.flight = { plan, since: performance.now() };
    this.invalidate();
  }

  private goHome(): void {
    this.flight = null;
    this.destination.set(null);
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
    this.destination.set(null);
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
    this.stage.draw(this.camera, exposureAt(this.ev));
    const frame = { camera: this.camera, size: this.stage.size, atRest: !moving };
    for (const overlay of this.overlays) overlay.draw(frame);
    if (!moving || now - this.lastLoad > LOAD_EVERY_MS) {
      this.lastLoad = now;
      void this.loader.load(this.camera.position);
    }
    this.lastTime = moving ? now : null;
    if (moving) this.invalidate();
    window.clearTimeout(this.addressTimer);
    this.addressTimer = window.setTimeout(() => this.writeAddress(), ADDRESS_DELAY_MS);
  }

  private showPlace(): void {
    const fromSun = length(this.camera.position);
    const where = fromSun > 0 ? `${formatDistance(fromSun)} from the Sun` : "At the Sun";
    element("place").textContent = `${where}   ·   speed ${formatSpeed(this.controls.speed)}`;
  }

  private writeAddress(): void {
    this.writtenHash = formatViewState(this.camera, this.ev);
    if (this.writtenHash !== window.location.hash) window.history.replaceState(null, "", this.writtenHash);
  }

  private connectPage(search: Search): void {
    const slider = element<HTMLInputElement>("exposure-input");
    slider.min = String(EV_RANGE[0]);
    slider.max = String(EV_RANGE[1]);
    slider.step = String(EV_STEP);
    slider.addEventListener("input", () => this.setExposure(Number(slider.value)));

    const help = element<HTMLDialogElement>("help");
    const names = element("labels-button");
    const toggleNames = () => {
      this.labels.visible = !this.labels.visible;
      names.setAttribute("aria-pressed", String(this.labels.visible));
      this.invalidate();
    };
    names.addEventListener("click", toggleNames);
    element("home-button").addEventListener("click", () => this.goHome());
    element("help-button").addEventListener("click", () => help.showModal());
    for (const button of document.querySelectorAll<HTMLElement>("#pad [data-hold]")) {
      const what = button.dataset.hold as "forward" | "back";
      button.addEventListener("pointerdown", () => this.controls.hold(what, true));
      for (const end of ["pointerup", "pointerleave", "pointercancel"]) {
        button.addEventListener(end, () => this.controls.hold(what, false));
      }
    }
    for (const button of document.querySelectorAll<HTMLElement>("#pad [data-speed]")) {
      button.addEventListener("click", () => this.controls.changeSpeed(0.5 * Number(button.dataset.speed)));
    }

    const actions: Record<string, () => void> = {
      "+": () => this.setExposure(this.ev + EV_STEP),
      "=": () => this.setExposure(this.ev + EV_STEP),
      "-": () => this.setExposure(this.ev - EV_STEP),
      "/": () => search.focus(),
      "?": () => help.showModal(),
      n: toggleNames,
      h: () => this.goHome(),
    };
    window.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || takesKeys(event.target)) return;
      const action = actions[event.key.toLowerCase()];
      if (!action) return;
      event.preventDefault();
      action();
    });
    window.addEventListener("resize", () => {
      this.stage.fit();
      this.invalidate();
    });
    window.addEventListener("hashchange", () => {
      if (window.location.hash !== this.writtenHash) this.readAddress();
    });
    this.stage.canvas.addEventListener("webglcontextrestored", () => this.invalidate());
  }
}
