/** What a search finds: places by name, and directions by coordinates. */
import { messageOf } from "../errors.ts";
import type { Landmark } from "../landmark.ts";
import { showNotice } from "../notices.ts";
import type { Site } from "../site.ts";
import { type Coordinates, coordinatesOf } from "./coordinates.ts";
import { Finder } from "./finder.ts";
import { Lookup } from "./lookup.ts";
import { FIT, type Match } from "./name_index.ts";
import type { Called } from "./names_file.ts";
import { typedIdentifier } from "./query.ts";
import type { Vec3 } from "../vec.ts";
import { TEXT } from "../text/text.ts";

export type Found = { direction: Coordinates } | { match: Match };

const MOST = 8;
/** A link means what is called so, or begins so, not what is spelled likewise. */
const LINK_FITS = FIT.words;

export class Sought {
  private finder: Promise<Finder> | null = null;
  private lookup: Promise<Lookup | null> | null = null;
  private readonly others = new Set<Finder>();

  /** What `site` lists is read when it is first asked for. */
  constructor(
    private readonly landmarks: readonly Landmark[],
    private readonly site: Site,
    /** Brings what else there is to find. */
    private readonly more: () => Promise<void> = async () => undefined,
  ) {}

  /** Up to 8 results, the likeliest first; for no text the first landmarks. */
  async find(typed: string): Promise<Found[]> {
    if (typed.trim() === "") return this.landmarks.slice(0, MOST).map((place) => ({ match: plain(place) }));
    const direction = coordinatesOf(typed);
    if (direction) return [{ direction }];
    await this.more();
    const asked = [await this.ready(), ...this.others].map((finder) => finder.find(typed, MOST));
    const matches = (await Promise.all(asked)).flat().sort((a, b) => a.fit - b.fit);
    const identifier = typedIdentifier(typed);
    const star =
      identifier !== null && matches.every(({ fit }) => fit >= FIT.begins) && (await this.numbered(identifier));
    const called = star && (await this.at(star.position));
    const numbered = called ? [{ ...plain(called.place), called }] : star ? [plain(star)] : [];
    return [...numbered, ...matches].slice(0, MOST).map((match) => ({ match }));
  }

  /** Finds `places` too, which the site does not have, until the function that it returns is called. */
  add(places: readonly Landmark[]): () => void {
    const finder = new Finder({ landmarks: places, names: null, star: TEXT.places.star }, startWorker);
    this.others.add(finder);
    return () => {
      this.others.delete(finder);
      finder.close();
    };
  }

  /** The star of an identifier of the universe; null where there is none. */
  private async numbered(identifier: bigint): Promise<Landmark | null> {
    this.lookup ??= this.openLookup();
    try {
      return (await (await this.lookup)?.find(identifier)) ?? null;
    } catch (reason) {
      this.lookup = null; // it is read again, as if for the first time
      throw reason;
    }
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

  private async openLookup(): Promise<Lookup | null> {
    return this.site.has("lookup") ? Lookup.open(this.site.root, this.site.path("lookup")) : null;
  }

  private ready(): Promise<Finder> {
    this.finder ??= this.start();
    return this.finder;
  }

  /** Where the names cannot be read, the landmarks are found. */
  private async start(): Promise<Finder> {
    const read = this.site.has("names") ? this.site.file("names") : Promise.resolve(null);
    const names = await read.catch((reason: unknown) => {
      showNotice(messageOf(reason));
      return null;
    });
    return new Finder({ landmarks: this.landmarks, names, star: TEXT.places.star }, startWorker);
  }
}

const startWorker = () => new Worker(new URL("./find_worker.ts", import.meta.url), { type: "module", name: "names" });

const plain = (place: Landmark): Match => ({
  called: { place, mag: null, names: [], designations: [] },
  by: place.name,
  fit: FIT.exact,
});
