/** A site: where its splats come from, and its landmarks. */
import { Folder } from "./http.ts";
import { checkVersion, fieldsOf, parseJson, textOf } from "./json_fields.ts";
import type { Source, SourceEvents } from "./source.ts";
import { TREE_FORMAT, openTree } from "./tree/pack.ts";
import { TreeSource } from "./tree/source.ts";

const MANIFEST = "site.json";
const VERSION = 1;

/** Makes the source of what is shown. */
export type SourceOf = (events: SourceEvents) => Source;

export interface Site {
  /**
   * Reads the indexes of its packs, and the first sky.
   *
   * @throws SiteError where a file is missing, damaged, of another version, or the packs do not fit.
   */
  open(): Promise<SourceOf>;
  /** Reads the file of its landmarks: its text, and its name; of a site that names none, an empty list. */
  landmarks(): Promise<[text: string, name: string]>;
}

/**
 * Reads what the site at `base` (a URL ending in a slash, or empty) begins with.
 *
 * @throws SiteError where that is missing, damaged or of another version.
 */
export async function openSite(base: string, fetcher: typeof fetch): Promise<Site> {
  const root = new Folder(base, fetcher);
  const manifest = fieldsOf(parseJson(await root.text(MANIFEST), MANIFEST), MANIFEST);
  checkVersion(manifest, VERSION, MANIFEST);
  return {
    open: () => sourceOf(manifest.layers, (folder) => new Folder(`${base}${folder}/`, fetcher)),
    landmarks: async () => {
      if (manifest.landmarks === undefined) return ["[]", MANIFEST];
      const name = textOf(manifest, "landmarks", MANIFEST);
      return [await root.text(name), name];
    },
  };
}

/** A pack that is a tree, or layers, whose code comes when it is needed. */
async function sourceOf(layers: unknown, folderOf: (name: string) => Folder): Promise<SourceOf> {
  if (Array.isArray(layers) && layers.length === 1) {
    const fields = fieldsOf(layers[0], `${MANIFEST}: layer 0`);
    if (fields.format === TREE_FORMAT) {
      const pack = await openTree(folderOf(textOf(fields, "folder", `${MANIFEST}: layer 0`)));
      return (events) => new TreeSource(pack, events);
    }
  }
  const { LayerSource, openLayers, parseLayers } = await import("./layer_source.ts");
  const site = await openLayers(parseLayers(layers, MANIFEST), folderOf);
  return (events) => new LayerSource(site, events);
}
