/** A site: its layers, the cells that they show, and its landmarks. */
import { type Ball, radiiFrom } from "./ball.ts";
import { SiteError } from "./errors.ts";
import { openPack } from "./formats.ts";
import { Folder } from "./http.ts";
import { checkVersion, fieldsOf, parseJson } from "./json_fields.ts";
import { type Landmark, parseLandmarks } from "./landmark.ts";
import { type Layer, layerWeight, parseLayers } from "./layers.ts";
import type { PackedCell } from "./pack_format.ts";
import type { Vec3 } from "./vec.ts";

const MANIFEST = "site.json";
const VERSION = 1;
const LANDMARKS = "universe/landmarks.json";

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

export interface Site {
  /** Nearest first. */
  layers: Layer[];
  cells: SiteCell[];
  landmarks: Landmark[];
}

/**
 * Reads the indexes of the site at `base` (a URL ending in a slash, or empty).
 *
 * @throws SiteError where a file is missing, damaged, of another version, or the packs do not fit.
 */
export async function openSite(base: string, fetcher: typeof fetch): Promise<Site> {
  const root = new Folder(base, fetcher);
  const manifest = fieldsOf(parseJson(await root.text(MANIFEST), MANIFEST), MANIFEST);
  checkVersion(manifest, VERSION, MANIFEST);
  const [landmarks, ...layers] = await Promise.all([
    root.text(LANDMARKS),
    ...parseLayers(manifest.layers, MANIFEST).map(async (entry): Promise<Layer> => {
      return { ...entry, pack: await openPack(entry.format, new Folder(`${base}${entry.folder}/`, fetcher)) };
    }),
  ]);
  return { layers, cells: cellsOf(layers), landmarks: parseLandmarks(landmarks, LANDMARKS) };
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
