/** A site of layers: the cells that they show. */
import { type Ball, radiiFrom } from "./ball.ts";
import { SiteError, messageOf } from "./errors.ts";
import { openPack } from "./formats.ts";
import type { Folder } from "./http.ts";
import { type Layer, type LayerEntry, layerWeight } from "./layers.ts";
import type { PackedCell } from "./pack_format.ts";
import type { Vec3 } from "./vec.ts";

/** A cell as the layers of a site show it. */
export interface SiteCell {
  name: string;
  /** Around its bounds; until one of its layers is read, what the index tells of them. Of a part: around its leaf. */
  ball: Ball;
  /** All parts of a leaf fade as one, also those that hold something in one layer only. */
  part: boolean;
  /** By layer: the cell in that layer's pack. */
  packed: (PackedCell | undefined)[];
  /** By layer: whether it can show the cell, or holds nothing of a part, where the other parts fade. */
  available: boolean[];
  /** By layer: whether it counts in the cross-fade, being loaded, or holding nothing of a part. */
  shown: boolean[];
}

/** What the layers of a site show. */
export interface LayerSite {
  /** Nearest first. */
  layers: Layer[];
  cells: SiteCell[];
  /** Of layers that are left out, as they cannot be read. */
  problems: string[];
}

/**
 * Opens the packs of layers. One that does not go on for ever may be missing: the next farther one stands for it.
 *
 * @throws SiteError where one that goes on for ever cannot be read, or they do not fit.
 */
export async function openLayers(entries: LayerEntry[], folderOf: (name: string) => Folder): Promise<LayerSite> {
  const problems: string[] = [];
  const opened = await Promise.all(
    entries.map(async (entry): Promise<Layer | null> => {
      try {
        return { ...entry, pack: await openPack(entry.format, folderOf(entry.folder), entry.checksums) };
      } catch (reason) {
        if (entry.to === Infinity) throw reason;
        problems.push(messageOf(reason));
        return null;
      }
    }),
  );
  const layers = opened.filter((layer) => layer !== null);
  return { layers, cells: cellsOf(layers), problems };
}

/** The cells of all layers. @throws SiteError where nothing shows a cell from afar that a nearer layer has. */
function cellsOf(layers: Layer[]): SiteCell[] {
  const cells = new Map<string, SiteCell>();
  // From the farthest layer on: what a cell is, is said by the layer that stands for it at most distances.
  for (let layer = layers.length - 1; layer >= 0; layer--) {
    for (const packed of layers[layer].pack.cells) {
      const { name, ball, part } = packed;
      let cell = cells.get(name);
      if (!cell) {
        if (layers[layer].to < Infinity && !part) {
          const { folder } = layers[layer];
          throw new SiteError(`${folder} has cell ${name}, but no layer has it from afar: pack the site again`);
        }
        cells.set(name, (cell = { name, ball, part, packed: layers.map(() => undefined), available: [], shown: [] }));
      }
      cell.packed[layer] = packed;
    }
  }
  for (const cell of cells.values()) {
    cell.available = cell.packed.map((packed) => cell.part || packed !== undefined);
    cell.shown = cell.packed.map((packed) => cell.part && !packed);
  }
  return [...cells.values()];
}

/** The weight of the light of a layer of a cell, seen from a place, as the cell is now. */
export function weightOf(layers: Layer[], layer: number, cell: SiteCell): (from: Vec3) => number {
  const { ball, shown } = cell;
  return (from) => layerWeight(layers, layer, shown, radiiFrom(ball, from));
}
