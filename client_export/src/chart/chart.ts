/** What is drawn over the sky beside names: figures, grids, rings, scale and arrows, each shown or not. */
import { takesKeys } from "../controls.ts";
import { element } from "../element.ts";
import { messageOf } from "../errors.ts";
import type { Names } from "../names.ts";
import { showNotice } from "../notices.ts";
import type { Frame, Overlay } from "../overlay.ts";
import type { Site } from "../site.ts";
import type { Bodies } from "../solar/orbited.ts";
import type { Source } from "../source.ts";
import { Compass } from "./compass.ts";
import { parseFigures } from "./figure_file.ts";
import { Figures } from "./figures.ts";
import { Grid } from "./grids.ts";
import { ShowMenu } from "./menu.ts";
import { Painter } from "./painter.ts";
import { PARTS, type Part, type PartName, formatShown, parseShown } from "./part.ts";
import { Projection } from "./projection.ts";
import { Rings } from "./rings.ts";
import { ScaleBar } from "./scale_bar.ts";

const FIGURES = "constellations";
const FIGURES_KEY = "c";

/** The page that a chart is drawn over. */
export interface Charted {
  /** Which parts are shown, as a link says it; see `parseShown`. */
  show: string;
  readonly names: Names | null;
  readonly source: Source;
  bodies: Bodies | null;
  addOverlay(overlay: Overlay): void;
  toggleNames(): void;
  invalidate(): void;
}

/** Draws the chart over the sky of `app` from now on, with its menu and its key. */
export function connectChart(app: Charted, site: Site): void {
  const canvas = Object.assign(document.createElement("canvas"), { id: "chart", hidden: true });
  canvas.setAttribute("aria-hidden", "true");
  element("labels").before(canvas);
  const chart = new Chart(app, site, new Painter(canvas));
  app.addOverlay(chart);
  window.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || takesKeys(event.target)) return;
    if (event.key.toLowerCase() === FIGURES_KEY) chart.toggle(FIGURES);
  });
}

class Chart implements Overlay {
  private readonly parts = new Map<PartName, Part>([
    ["equatorial", new Grid("equatorial")],
    ["ecliptic", new Grid("ecliptic")],
    ["galactic", new Grid("galactic")],
    ["rings", new Rings()],
    ["scale", new ScaleBar()],
    ["compass", new Compass()],
    ["orbits", { draw: (...given) => this.app.bodies?.solar?.drawOrbits(...given) }],
  ]);
  private readonly menu: ShowMenu;
  private readonly absent: PartName[] = [];
  private shown = new Set<PartName>();
  private shownAs: string | null = null;
  private loading = false;

  constructor(
    private readonly app: Charted,
    private readonly site: Site,
    private readonly painter: Painter,
  ) {
    if (!site.has(FIGURES)) this.absent.push(FIGURES);
    if (!site.has("ephemeris")) this.absent.push("orbits");
    if (!site.has("bodies")) this.absent.push("asteroids");
    this.menu = new ShowMenu(element("home-button"), this.absent, {
      onPart: (part, on) => this.set(part, on),
      onNames: () => app.toggleNames(),
    });
  }

  toggle(part: PartName): void {
    this.set(part, !this.shown.has(part));
  }

  draw({ camera, size }: Frame): void {
    if (this.shownAs !== this.app.show) this.read();
    const box = element("labels").getBoundingClientRect();
    const names = this.app.names;
    this.menu.tick(this.shown, names?.labels.visible ?? true);
    const area = { left: 0, top: box.top, right: size.width, bottom: box.bottom };
    const view = { projection: new Projection(camera, size), area, goal: names?.goal ?? null };
    this.painter.begin(size, names?.labels.boxes ?? []);
    // What is at the edge goes first: names in the sky find other room.
    for (const name of [...PARTS].reverse()) if (this.shown.has(name)) this.parts.get(name)?.draw(this.painter, view);
    this.painter.end();
  }

  private set(part: PartName, on: boolean): void {
    const shown = parseShown(this.app.show);
    if (on) shown.add(part);
    else shown.delete(part);
    this.app.show = formatShown(shown);
    this.app.invalidate();
  }

  /** Takes over what the link or the menu says. */
  private read(): void {
    this.shownAs = this.app.show;
    this.shown = parseShown(this.shownAs);
    for (const part of this.absent) this.shown.delete(part);
    if (this.shown.has(FIGURES) && !this.parts.has(FIGURES) && !this.loading) void this.load();
  }

  /** Reads the figures; where that fails it says so and unticks them, so that ticking them tries again. */
  private async load(): Promise<void> {
    this.loading = true;
    try {
      const file = parseFigures(...(await this.site.file(FIGURES)));
      this.parts.set(FIGURES, new Figures(file, this.app.source.store));
      this.app.invalidate();
    } catch (reason) {
      showNotice(messageOf(reason));
      this.set(FIGURES, false);
    } finally {
      this.loading = false;
    }
  }
}
