/** Loads cells as the camera comes to need them, nearest first. */
import { radiiFrom } from "./ball.ts";
import type { Cell } from "./cell.ts";
import { messageOf } from "./errors.ts";
import { isWanted } from "./layers.ts";
import type { PackedCell } from "./pack_format.ts";
import type { LayerSite, SiteCell } from "./layered_site.ts";
import type { Vec3 } from "./vec.ts";

/** Compressed bytes after which the order of loading is thought over again, as the camera may have moved. */
const BATCH_BYTES = 4 << 20;

interface Request {
  layer: number;
  cell: SiteCell;
  entry: PackedCell;
  /** Distance of the camera in cell radii. */
  radii: number;
}

export interface LoaderEvents {
  /** A cell was read and is whole. `layer` counts the site's layers. */
  onCell(layer: number, siteCell: SiteCell, cell: Cell): void;
  /** A cell or pack could not be read; the rest goes on. */
  onError(message: string): void;
  /** `done` of `known` wanted cells are read. */
  onProgress(done: number, known: number): void;
}

export class Loader {
  private readonly requested = new Set<PackedCell>();
  private running: Promise<void> | null = null;
  private from: Vec3 = [0, 0, 0];
  private done = 0;

  constructor(
    private readonly site: LayerSite,
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
    for (let pending = this.pending(); pending.length > 0; pending = this.pending()) {
      this.events.onProgress(this.done, this.done + pending.length);
      const batch: Request[] = [];
      let bytes = 0;
      for (const request of pending) {
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
  private pending(): Request[] {
    const { layers, cells } = this.site;
    const pending: Request[] = [];
    for (const cell of cells) {
      const { packed, available } = cell;
      const radii = radiiFrom(cell.ball, this.from);
      for (let layer = 0; layer < layers.length; layer++) {
        const entry = packed[layer];
        if (!entry || !available[layer] || this.requested.has(entry)) continue;
        if (isWanted(layers, layer, available, radii)) pending.push({ layer, cell, entry, radii });
      }
    }
    return pending.sort((a, b) => a.radii - b.radii);
  }

  private async read(layer: number, batch: Request[]): Promise<void> {
    const requests = new Map(batch.filter((one) => one.layer === layer).map((one) => [one.entry, one]));
    for (const entry of requests.keys()) this.requested.add(entry);
    const { pack } = this.site.layers[layer];
    try {
      await pack.read([...requests.keys()], (entry, bytes) => {
        this.done++;
        this.decode(requests.get(entry) as Request, bytes);
      });
    } catch (reason) {
      for (const cell of this.site.cells) cell.available[layer] = false;
      this.events.onError(messageOf(reason));
    }
  }

  private decode({ layer, cell: siteCell, entry }: Request, bytes: Uint8Array): void {
    try {
      const cell = this.site.layers[layer].pack.decode(entry, bytes);
      if (!siteCell.part) siteCell.ball = cell.ball;
      this.events.onCell(layer, siteCell, cell);
    } catch (reason) {
      siteCell.available[layer] = false;
      this.events.onError(messageOf(reason));
    }
  }
}
