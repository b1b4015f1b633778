/**
 * The layers of a site: packs that show the same cells for different distances, such as exact stars from near and splats
 * from afar. Wherever the camera is, the light of a cell is the same: what one layer gives up the next one takes over.
 */
import { SiteError } from "./errors.ts";
import { fieldsOf, textOf } from "./json_fields.ts";
import { listOf } from "./json_values.ts";
import type { Pack } from "./pack_format.ts";
import { clamp } from "./numbers.ts";

/** Cells are asked for this much before they are needed, as a factor of distance. */
const LOOK_AHEAD = 1.2;

/** Where a layer is shown, in cell radii from a cell's centre. Where two layers' ranges overlap they cross-fade. */
export interface LayerRange {
  from: number;
  /** Infinity: however far away. */
  to: number;
}

/** What a site says of a layer: the folder of its pack, the pack's format, and its range. */
export interface LayerEntry extends LayerRange {
  folder: string;
  format: string;
  /** The file of the checksums of its pack, in the same folder, if it has one. */
  checksums?: string;
}

export interface Layer extends LayerEntry {
  pack: Pack;
}

/**
 * The layers that `site.json` lists, nearest first. `what` names the file in errors.
 *
 * @throws SiteError where a range is none, or two that follow each other do not overlap.
 */
export function parseLayers(value: unknown, what: string): LayerEntry[] {
  const layers = listOf(value, `${what}: "layers"`).map((entry, row): LayerEntry => {
    const where = `${what}: layer ${row}`;
    const fields = fieldsOf(entry, where);
    const [from, to = null] = listOf(fields.radii, `${where}: "radii"`);
    if (typeof from !== "number" || !(to === null || (typeof to === "number" && to > from))) {
      throw new SiteError(`${where}: "radii" is ${JSON.stringify(fields.radii)}, must be [from, to] or [from, null]`);
    }
    return {
      folder: textOf(fields, "folder", where),
      format: textOf(fields, "format", where),
      from,
      to: to ?? Infinity,
      ...(fields.checksums === undefined ? {} : { checksums: textOf(fields, "checksums", where) }),
    };
  });
  if (layers.length === 0) throw new SiteError(`${what} lists no layers`);
  layers.slice(1).forEach((layer, row) => {
    const before = layers[row];
    if (!(before.from <= layer.from && layer.from < before.to && before.to <= layer.to)) {
      throw new SiteError(`${what}: the radii of ${layer.folder} do not go on where those of ${before.folder} end`);
    }
  });
  return layers;
}

/** Share of a cell's light that `layer` and those before it give, `radii` away: from 1 to 0 across its outer fade. */
function shareUpTo(layers: readonly LayerRange[], layer: number, radii: number): number {
  const [start, end] = [layers[layer + 1].from, layers[layer].to];
  return clamp((end - radii) / (end - start), [0, 1]);
}

/**
 * The weight of the light of `layer` in a cell that is shown by those layers for which `shown` is true, itself among
 * them. The weights of these add up to one; a layer that is alone stands for the whole cell.
 */
export function layerWeight(
  layers: readonly LayerRange[],
  layer: number,
  shown: readonly boolean[],
  radii: number,
): number {
  const nearer = layer > 0 ? shown.lastIndexOf(true, layer - 1) : -1;
  const before = nearer >= 0 ? shareUpTo(layers, nearer, radii) : 0;
  return (shown.indexOf(true, layer + 1) < 0 ? 1 : shareUpTo(layers, layer, radii)) - before;
}

/** Whether `layer` will be wanted of a cell around a camera `radii` away, of those for which `available` is true. */
export function isWanted(
  layers: readonly LayerRange[],
  layer: number,
  available: readonly boolean[],
  radii: number,
): boolean {
  const nearer = layer > 0 ? available.lastIndexOf(true, layer - 1) : -1;
  if (nearer >= 0 && radii <= layers[nearer + 1].from / LOOK_AHEAD) return false;
  return available.indexOf(true, layer + 1) < 0 || radii < layers[layer].to * LOOK_AHEAD;
}
