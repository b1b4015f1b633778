/** A site: the universe's splats, the exact stars of the same cells where it has them, and its landmarks. */
import { SiteError } from "./errors.ts";
import { type Ball, ancestorOf, ballOf } from "./grid.ts";
import { getText, getTextIfThere } from "./http.ts";
import { PackReader } from "./pack_reader.ts";
import {
  type Index,
  type IndexCell,
  type Landmark,
  type PackEntry,
  nameOf,
  parseIndex,
  parseLandmarks,
  parsePackIndex,
} from "./v1.ts";

/** The two ways a cell is stored: trained splats for a look from afar, one splat per star for a look from near. */
export type LayerName = "universe" | "stars";

/** One pack of a site. */
export interface Layer {
  name: LayerName;
  totalSplats: number;
  /** Where the cell called `l_theta_phi` lies in the pack. */
  entries: Map<string, PackEntry>;
  reader: PackReader;
}

/** A cell that the universe lists, or a part of a leaf that only has stars. */
export interface SiteCell {
  name: string;
  /** Around its bounds; until a file of it is read, what the grid alone tells of them. Of a part: around its leaf. */
  ball: Ball;
  /**
   * It is a part of a larger leaf, which was trained as a whole: only all parts together have the same light in both
   * layers, so they fade as one, also those that hold something in one layer only.
   */
  part: boolean;
  /** False where the universe's splats of the cell are its stars, one by one. */
  trained: boolean;
}

export interface Site {
  universe: Layer;
  /** Null where the site has no exact stars. */
  stars: Layer | null;
  cells: SiteCell[];
  landmarks: Landmark[];
}

/**
 * Reads the indexes of the site at `base` (a URL ending in a slash, or empty).
 *
 * @throws SiteError where a file is missing, damaged, of another version, or the two packs do not fit.
 */
export async function openSite(base: string, fetcher: typeof fetch): Promise<Site> {
  const [indexText, landmarksText, starsText] = await Promise.all([
    getText(fetcher, `${base}universe/index.json`),
    getText(fetcher, `${base}universe/landmarks.json`),
    getTextIfThere(fetcher, `${base}stars/index.json`),
  ]);
  const index = parseIndex(indexText, "universe/index.json");
  const cells = index.cells.map((cell) => siteCellOf(cell, index));
  const universe = await openLayer(base, "universe", index.cells, index.total_splats, fetcher);
  let stars: Layer | null = null;
  if (starsText !== null) {
    const starIndex = parseIndex(starsText, "stars/index.json");
    stars = await openLayer(base, "stars", starIndex.cells, starIndex.total_splats, fetcher);
    for (const cell of starIndex.cells.map((cell) => siteCellOf(cell, starIndex))) {
      if (universe.entries.has(cell.name)) continue;
      if (!cell.part) {
        throw new SiteError(
          `stars/index.json lists cell ${cell.name}, universe/index.json does not: pack the site again`,
        );
      }
      cells.push(cell);
    }
  }
  return { universe, stars, cells, landmarks: parseLandmarks(landmarksText, "universe/landmarks.json") };
}

function siteCellOf({ id, trained, levels_up: levels }: IndexCell, { config }: Index): SiteCell {
  return { name: nameOf(id), ball: ballOf(...ancestorOf(id, config, levels)), part: levels > 0, trained };
}

async function openLayer(
  base: string,
  name: LayerName,
  cells: IndexCell[],
  totalSplats: number,
  fetcher: typeof fetch,
): Promise<Layer> {
  const what = `${name}/cells.pack.json`;
  const pack = parsePackIndex(await getText(fetcher, base + what), what);
  const byFile = new Map(pack.cells.map((entry) => [entry.file_name, entry]));
  const entries = new Map<string, PackEntry>();
  for (const cell of cells) {
    const entry = byFile.get(cell.file_name);
    if (!entry) throw new SiteError(`${what} has no ${cell.file_name}, which ${name}/index.json lists`);
    entries.set(nameOf(cell.id), entry);
  }
  return { name, totalSplats, entries, reader: new PackReader(`${base}${name}/${pack.pack_file}`, pack, fetcher) };
}
