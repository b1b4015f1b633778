/** Sites for the tests, served from memory. */
import { Folder } from "../src/http.ts";
import { parseLayers } from "../src/layers.ts";
import { type LayerSite, openLayers } from "../src/layered_site.ts";

/** What `site.json` says of a layer. */
interface LayerEntry {
  folder: string;
  format: string;
  radii: (number | null)[];
}

/** The file at the top of a site: the list of its layers. It names no landmarks. */
export function manifestOf(layers: LayerEntry[]): Map<string, BodyInit> {
  return new Map([["site.json", JSON.stringify({ version: 1, layers })]]);
}

/** `fetch` of a server that has these files; `log` takes the addresses that were asked for. */
export function serverOf(files: Map<string, BodyInit>, log: string[] = []): typeof fetch {
  return async (url) => {
    log.push(String(url));
    return new Response(files.get(String(url)), { status: files.has(String(url)) ? 200 : 404 });
  };
}

/** The layers of a site that `fetcher` serves. */
export async function layersOf(fetcher: typeof fetch): Promise<LayerSite> {
  const text = await new Folder("", fetcher).text("site.json");
  return openLayers(parseLayers(JSON.parse(text).layers, "site.json"), (name) => new Folder(`${name}/`, fetcher));
}
