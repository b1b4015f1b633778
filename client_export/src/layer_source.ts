/** The splats of a site of layers. */
import type { Layer } from "./layers.ts";
import { Loader } from "./loader.ts";
import type { PackedCell } from "./pack_format.ts";
import { type LayerSite, weightOf } from "./layered_site.ts";

import type { Source, SourceEvents, View } from "./source.ts";
import { SplatStore, type StoredCell } from "./splat_store.ts";
import type { Vec3 } from "./vec.ts";

export { openLayers } from "./layered_site.ts";
export { parseLayers } from "./layers.ts";

export class LayerSource implements Source {
  readonly store: SplatStore;
  readonly glow = null;
  readonly glowWeight = 0;
  private readonly loader: Loader;
  private weighed: { from: Vec3 | null; cells: number } = { from: null, cells: 0 };
  private readonly weights: { stored: StoredCell; weight: (from: Vec3) => number }[] = [];

  constructor(
    private readonly site: LayerSite,
    events: SourceEvents,
  ) {
    const { layers, problems } = site;
    this.store = new SplatStore(layers.reduce((sum, { pack }: Layer) => sum + pack.splatCount, 0));
    this.loader = new Loader(site, {
      ...events,
      onMended: () => {
        if (problems.length === 0) events.onMended?.();
      },
      onCell: (layer, siteCell, cell) => {
        const { points } = siteCell.packed[layer] as PackedCell;
        const stored = this.store.add(`${layers[layer].folder}/${siteCell.name}`, cell, points);
        this.weights.push({ stored, weight: weightOf(layers, layer, siteCell) });
        siteCell.shown[layer] = true;
        events.onCell(this.store, stored);
        events.onChange();
      },
    });
    problems.forEach((message) => events.onError(message));
  }

  update({ camera }: View): boolean {
    // What is shown of a cell hangs on the camera's place and on what else is here.
    if (this.weighed.from === camera.position && this.weighed.cells === this.weights.length) return false;
    this.weighed = { from: camera.position, cells: this.weights.length };
    for (const { stored, weight } of this.weights) stored.weight = weight(camera.position);
    return false;
  }

  load({ camera }: View): void {
    void this.loader.load(camera.position);
  }

  settle({ camera }: View): Promise<void> {
    return this.loader.load(camera.position);
  }

  retry(): void {
    if (this.site.problems.length > 0)
      window.location.reload(); // layers are opened together
    else this.loader.retry();
  }
}
