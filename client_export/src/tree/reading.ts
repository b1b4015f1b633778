/** What reads the rest of a pack, once its first sky is drawn. */
import { decodeCells } from "./cell_data.ts";
import { Decoder, startWorker } from "./decoder.ts";
import { Fetcher, type FetcherEvents } from "./fetcher.ts";
import { Mending, type MendingEvents } from "./mending.ts";
import type { TreePack } from "./pack.ts";

export { Resident } from "./resident.ts";

export class Reading {
  private readonly fetcher: Fetcher;
  private readonly mending: Mending;

  constructor(pack: TreePack, events: Required<FetcherEvents> & MendingEvents) {
    const decoder = new Decoder(startWorker, decodeCells);
    const onMended = () => {
      if (this.mending.isWhole && this.fetcher.isWhole) events.onMended();
    };
    this.mending = new Mending(pack, { ...events, onMended });
    this.fetcher = new Fetcher(pack.folder, pack.head.palette, decoder, { ...events, onMended });
  }

  get progress(): Fetcher["progress"] {
    return this.fetcher.progress;
  }

  /** Resolves when no tile is wanted that can be asked for now. */
  run(): Promise<void> {
    return this.fetcher.run();
  }

  /** Asks again for all that did not come. */
  retry(): void {
    void this.mending.retry();
    this.fetcher.retry();
  }
}
