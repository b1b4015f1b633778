/** What a search finds: places by name, and directions by coordinates. */
import { messageOf } from "../errors.ts";
import type { Landmark } from "../landmark.ts";
import { showNotice } from "../notices.ts";
import { type Coordinates, coordinatesOf } from "./coordinates.ts";
import { Finder } from "./finder.ts";
import { FIT, type Match } from "./name_index.ts";
import type { Called } from "./names_file.ts";
import type { Vec3 } from "../vec.ts";

export type Found = { direction: Coordinates } | { match: Match };

const MOST = 8;
/** A link means what is called so, or begins so, not what is spelled likewise. */
const LINK_FITS = FIT.words;

/** The text of `names.json.gz` and its name; null where the site has none. */
export type ReadNames = () => Promise<[text: string, what: string] | null>;

export class Sought {
  private finder: Promise<Finder> | null = null;

  /** `read` is called when names are first asked for. */
  constructor(
    private readonly landmarks: readonly Landmark[],
    private readonly read: ReadNames,
  ) {}

  /** Up to 8 results, the likeliest first; for no text the first landmarks. */
  async find(typed: string): Promise<Found[]> {
    if (typed.trim() === "") return this.landmarks.slice(0, MOST).map((place) => ({ match: plain(place) }));
    const direction = coordinatesOf(typed);
    if (direction) return [{ direction }];
    const matches = await (await this.ready()).find(typed, MOST);
    return matches.map((match) => ({ match }));
  }

  /** What a link means by a name; null where nothing is called so. */
  async named(name: string): Promise<Found | null> {
    const [found] = name.trim() === "" ? [] : await this.find(name);
    return found && ("direction" in found || found.match.fit <= LINK_FITS) ? found : null;
  }

  /** What the star at `position`, metres, is called; null where it has no name. */
  async at(position: Vec3): Promise<Called | null> {
    return (await this.ready()).at(position);
  }

  private ready(): Promise<Finder> {
    this.finder ??= this.start();
    return this.finder;
  }

  /** Where the names cannot be read, the landmarks are found. */
  private async start(): Promise<Finder> {
    const names = await this.read().catch((reason: unknown) => {
      showNotice(messageOf(reason));
      return null;
    });
    return new Finder(
      { landmarks: this.landmarks, names },
      () => new Worker(new URL("./find_worker.ts", import.meta.url), { type: "module", name: "names" }),
    );
  }
}

const plain = (place: Landmark): Match => ({
  called: { place, mag: null, names: [], designations: [] },
  by: place.name,
  fit: FIT.exact,
});
