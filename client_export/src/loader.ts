/** Loads cells as the camera comes to need them, nearest first. */
import { SiteError, messageOf } from "./errors.ts";
import { ballOfBounds } from "./grid.ts";
import { wantedLayers } from "./levels.ts";
import type { Layer, LayerName, Site, SiteCell } from "./site.ts";
import { type Cell, type PackEntry, decodeCell, nameOf } from "./v1.ts";
import { type Vec3, length, sub } from "./vec.ts";

/** Compressed bytes after which the order of loading is thought over again, as the camera may have moved. */
const BATCH_BYTES = 4 << 20;

interface Request {
  layer: Layer;
  cell: SiteCell;
  entry: PackEntry;
  /** Distance of the camera in cell radii. */
  radii: number;
}

export interface LoaderEvents {
  /** A cell was read and is whole. */
  onCell(layer: LayerName, siteCell: SiteCell, cell: Cell): void;
  /** A cell or pack could not be read; the rest goes on. */
  onError(message: string): void;
  /** `done` of `known` wanted cells are read. */
  onProgress(done: number, known: number): void;
}

export class Loader {
  private readonly asked = new Set<string>();
  private readonly broken = new Set<LayerName>();
  private readonly starless = new Set<string>();
  private running: Promise<void> | null = null;
  private from: Vec3 = [0, 0, 0];
  private done = 0;

  constructor(
    private readonly site: Site,
    private readonly events: LoaderEvents,
  ) {}

  /** Resolves once every cell wanted around `from` is read or reported as unreadable. */
  load(from: Vec3): Promise<void> {
    this.from = from;
    this.running ??= this.run().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async run(): Promise<void> {
    for (let open = this.open(); open.length > 0; open = this.open()) {
      this.events.onProgress(this.done, this.done + open.length);
      const batch: Request[] = [];
      let bytes = 0;
      for (const request of open) {
        if (bytes > 0 && bytes + request.entry.size > BATCH_BYTES) break;
        bytes += request.entry.size;
        batch.push(request);
      }
      const layers = new Set(batch.map((request) => request.layer));
      await Promise.all([...layers].map((layer) => this.read(layer, batch)));
    }
    this.events.onProgress(this.done, this.done);
  }

  /** What is wanted and was never asked for, nearest first. */
  private open(): Request[] {
    const { universe, stars, cells } = this.site;
    const open: Request[] = [];
    for (const cell of cells) {
      const { name, ball, part } = cell;
      const hasStars = (part || stars?.entries.has(name)) && !this.broken.has("stars") && !this.starless.has(name);
      const names = stars && hasStars ? wantedLayers(ball, this.from) : (["universe"] as const);
      for (const layerName of names) {
        const layer = layerName === "stars" ? (stars as Layer) : universe;
        const entry = layer.entries.get(name);
        if (!entry || this.broken.has(layerName) || this.asked.has(`${layerName}/${name}`)) continue;
        open.push({ layer, cell, entry, radii: length(sub(this.from, ball.centre)) / ball.radius });
      }
    }
    return open.sort((a, b) => a.radii - b.radii);
  }

  private async read(layer: Layer, batch: Request[]): Promise<void> {
    const requests = batch.filter((request) => request.layer === layer);
    const byEntry = new Map(requests.map((request) => [request.entry, request]));
    for (const { cell } of requests) this.asked.add(`${layer.name}/${cell.name}`);
    try {
      await layer.reader.read([...byEntry.keys()], (entry, bytes) => {
        this.done++;
        this.decode(layer, (byEntry.get(entry) as Request).cell, bytes);
      });
    } catch (reason) {
      this.broken.add(layer.name);
      this.events.onError(messageOf(reason));
    }
  }

  private decode(layer: Layer, siteCell: SiteCell, bytes: Uint8Array): void {
    const { name } = siteCell;
    try {
      const what = `${layer.name}/${name}.bin`;
      const cell = decodeCell(bytes, what);
      if (nameOf(cell.id) !== name) throw new SiteError(`${what} holds cell ${nameOf(cell.id)}: pack the site again`);
      if (!siteCell.part) siteCell.ball = ballOfBounds(cell);
      this.events.onCell(layer.name, siteCell, cell);
    } catch (reason) {
      if (layer.name === "stars") this.starless.add(name);
      this.events.onError(messageOf(reason));
    }
  }
}
