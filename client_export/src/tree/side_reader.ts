/** Reads the side files of a pack: of a tile, what they have of its stars, by range. */
import type { Folder } from "../http.ts";
import { PackReader } from "../pack_reader.ts";
import type { TilePlace } from "../v2/index.ts";
import { type Side, sideBlockRange } from "../v2/side.ts";

/** Where the records of a tile's stars are: the side files' `stem`, and the tile's place in them. */
export interface SidePlace {
  stem: string;
  firstStar: number;
  number: number;
  stars: number;
  /** Of the tile, from which that of its records goes on. */
  crc: number;
}

/** The place of the sky tile. */
export const skyPlace = ({ stars, crc }: { stars: number; crc: number }): SidePlace => ({
  stem: "sky",
  firstStar: 0,
  number: 0,
  stars,
  crc,
});

/** The place of a tile of a shard. */
export const sidePlace = ({ shard, firstStar, number, tile: { stars, crc } }: TilePlace): SidePlace => ({
  stem: String(shard).padStart(5, "0"),
  firstStar,
  number,
  stars,
  crc,
});

export class SideReader {
  private readonly readers = new Map<string, PackReader>();

  constructor(private readonly folder: Folder) {}

  /** The file that has the records of a tile. */
  nameOf({ name }: Side, { stem }: SidePlace): string {
    return `${this.folder.path}${name}-${stem}.bin`;
  }

  /** The block of a tile, as it comes. @throws SiteError where it cannot be read. */
  async read(side: Side, place: SidePlace): Promise<Uint8Array> {
    let found = new Uint8Array();
    await this.readAll(side, [place], (_, bytes) => (found = bytes.slice()));
    return found;
  }

  /**
   * Hands the blocks of tiles to `onBytes`, those that lie together in one request, and those that cannot be read to `onFail`.
   *
   * @throws SiteError where one cannot be read, unless there is an `onFail`.
   */
  async readAll<P extends SidePlace>(
    side: Side,
    places: readonly P[],
    onBytes: (place: P, bytes: Uint8Array) => void,
    onFail?: (places: P[], reason: unknown) => void,
  ): Promise<void> {
    for (const url of new Set(places.map((place) => this.nameOf(side, place)))) {
      const reader = this.readers.get(url) ?? new PackReader(url, null, this.folder.fetcher);
      this.readers.set(url, reader);
      const entries = places
        .filter((place) => this.nameOf(side, place) === url)
        .map((place) => {
          const { offset, length: size } = sideBlockRange(side, place.firstStar, place.number, place.stars);
          return { offset, size, place };
        });
      const failed =
        onFail &&
        ((those: typeof entries, reason: unknown) =>
          onFail(
            those.map(({ place }) => place),
            reason,
          ));
      try {
        await reader.read(entries, ({ place }, bytes) => onBytes(place, bytes), failed);
      } catch (reason) {
        this.readers.delete(url); // it is asked for again, as if for the first time
        throw reason;
      }
    }
  }
}
