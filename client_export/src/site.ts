/** A site: where its splats come from, and its landmarks. */
import { Folder, type Watch, textOf as unpacked } from "./http.ts";
import { type Fields, checkVersion, fieldsOf, parseJson, textOf } from "./json_fields.ts";
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
  /** Its files. */
  readonly root: Folder;
  /** What it says of itself. */
  readonly manifest: Fields;
  /** Whether it names a file as `key`: what may be absent is named. */
  has(key: string): boolean;
  /** The path from `root` of the file that it names as `key`. @throws SiteError where it names none. */
  path(key: string): string;
  /**
   * Reads the file that it names as `key`: its text, and its name.
   *
   * @throws SiteError where it names none, or that cannot be read.
   */
  file(key: string): Promise<[text: string, name: string]>;
  /** Reads the file of its landmarks: its text, and its name; of a site that names none, an empty list. */
  landmarks(): Promise<[text: string, name: string]>;
}

/**
 * Reads what the site at `base` (a URL ending in a slash, or empty) begins with; `watch` sees all that is read of it whole.
 *
 * @throws SiteError where that is missing, damaged or of another version.
 */
export async function openSite(base: string, fetcher: typeof fetch, watch: Watch = {}): Promise<Site> {
  const root = new Folder(base, fetcher, watch);
  const manifest = await root.decoded(MANIFEST, async (bytes) =>
    fieldsOf(parseJson(await unpacked(bytes, MANIFEST), MANIFEST), MANIFEST),
  );
  checkVersion(manifest, VERSION, MANIFEST);
  const has = (key: string) => manifest[key] !== undefined;
  const path = (key: string) => textOf(manifest, key, MANIFEST);
  const file = async (key: string): Promise<[string, string]> => {
    const name = path(key);
    return [await root.decoded(name, (bytes) => unpacked(bytes, base + name)), name];
  };
  return {
    root,
    manifest,
    has,
    path,
    file,
    open: () => sourceOf(manifest.layers, (name) => root.folder(name)),
    landmarks: async () => (has("landmarks") ? file("landmarks") : ["[]", MANIFEST]),
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
