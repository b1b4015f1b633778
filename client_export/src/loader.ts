/** Loads cells as the camera comes to need them, nearest first; those that do not come are asked for again. */
import { radiiFrom } from "./ball.ts";
import type { Cell } from "./cell.ts";
import { UnreachableError, messageOf } from "./errors.ts";
import { isWanted } from "./layers.ts";
import type { PackedCell } from "./pack_format.ts";
import type { LayerSite, SiteCell } from "./layered_site.ts";
import { Pauses } from "./tree/pauses.ts";
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
  /** All is here that `onError` has told of. */
  onMended?(): void;
  /** `done` of `known` bytes of wanted cells are read. */
  onProgress(done: number, known: number): void;
}

export class Loader {
  private readonly requested = new Set<PackedCell>();
  /** What did not come: another layer stands for it. */
  private readonly lost = new Set<{ layer: number; cell: SiteCell }>();
  private readonly pauses = new Pauses<PackedCell>((entry) =>
    this.askAgain(({ layer, cell }) => cell.packed[layer] === entry),
  );
  private running: Promise<void> | null = null;
  private from: Vec3 = [0, 0, 0];
  /** From where nothing was wanted that was not asked for, until what can be had changes: frames ask from there again. */
  private satisfied: Vec3 | null = null;
  /** Bytes that have come in this run, and that are wanted still. */
  private done = 0;
  private left = 0;

  constructor(
    private readonly site: LayerSite,
    private readonly events: LoaderEvents,
  ) {}

  /** Resolves once every cell wanted around `from` is read or reported as unreadable. */
  load(from: Vec3): Promise<void> {
    if (!this.running && from === this.satisfied) return Promise.resolve();
    this.from = from;
    this.running ??= this.run().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  /** Asks again for all that did not come. */
  retry(): void {
    this.pauses.endAll();
    this.askAgain(() => true);
  }

  private askAgain(which: (one: { layer: number; cell: SiteCell }) => boolean): void {
    this.satisfied = null;
    for (const one of [...this.lost].filter(which)) {
      this.lost.delete(one);
      one.cell.available[one.layer] = true;
      const entry = one.cell.packed[one.layer];
      if (entry) this.requested.delete(entry);
    }
    void this.load(this.from);
  }

  private async run(): Promise<void> {
    for (let pending = this.pending(); pending.length > 0; pending = this.pending()) {
      this.left = pending.reduce((sum, { entry }) => sum + entry.size, 0);
      this.tell(0);
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
    this.satisfied = this.from;
    this.done = 0;
    this.events.onProgress(0, 0);
    if (this.lost.size === 0) this.events.onMended?.();
  }

  private tell(bytes: number): void {
    this.done += bytes;
    this.left = Math.max(this.left - bytes, 1); // until it is over
    this.events.onProgress(this.done, this.done + this.left);
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
    const decoded: Promise<void>[] = [];
    try {
      await pack
        .read(
          [...requests.keys()],
          (entry, bytes) => decoded.push(this.decode(requests.get(entry) as Request, bytes)),
          (entries, reason) => this.fail(layer, entries, reason, requests),
          { onBytes: (count) => this.tell(count) },
        )
        .finally(() => Promise.all(decoded));
    } catch (reason) {
      this.events.onError(messageOf(reason));
      for (const cell of this.site.cells) if (!cell.packed[layer] || !cell.shown[layer]) this.lose(layer, cell);
    }
  }

  /** Cells cannot be reached, or the server does not have them: then it does not have the layer. */
  private fail(layer: number, entries: PackedCell[], reason: unknown, requests: Map<PackedCell, Request>): void {
    if (!(reason instanceof UnreachableError)) throw reason;
    if (this.pauses.size === 0) this.events.onError(reason.message); // once, until all have come
    for (const entry of entries) {
      this.lose(layer, (requests.get(entry) as Request).cell);
      this.pauses.pause(entry, reason.afterMs);
    }
  }

  private lose(layer: number, cell: SiteCell): void {
    cell.available[layer] = false;
    this.lost.add({ layer, cell });
  }

  private async decode({ layer, cell: siteCell, entry }: Request, bytes: Uint8Array): Promise<void> {
    try {
      const cell = await this.site.layers[layer].pack.decode(entry, bytes);
      if (!siteCell.part) siteCell.ball = cell.ball;
      this.pauses.end(entry);
      this.events.onCell(layer, siteCell, cell);
    } catch (reason) {
      this.lose(layer, siteCell);
      this.events.onError(messageOf(reason));
    }
  }
}
