/** Cells out of a pack file over HTTP: several a request by byte range, or all at once where ranges are ignored. */
import { SiteError } from "./errors.ts";
import { get } from "./http.ts";

/** Most bytes of one request, unless a single cell is larger. */
const MAX_REQUEST_BYTES = 1 << 20;
/** Bytes not asked for that may be read along rather than making another request. */
const MAX_GAP_BYTES = 1 << 14;
const PARALLEL_REQUESTS = 4;

/** Where something lies in the pack file, bytes. */
export interface Entry {
  offset: number;
  size: number;
}

/** A run of the pack file and the entries inside it. */
export interface Run<E extends Entry> {
  start: number;
  end: number;
  entries: E[];
}

/** Runs that hold all `entries`, each at most `MAX_REQUEST_BYTES` long, neighbours in the file read together. */
export function planRuns<E extends Entry>(entries: readonly E[]): Run<E>[] {
  const runs: Run<E>[] = [];
  for (const entry of [...entries].sort((a, b) => a.offset - b.offset)) {
    const last = runs[runs.length - 1];
    const end = entry.offset + entry.size;
    if (last && entry.offset - last.end <= MAX_GAP_BYTES && end - last.start <= MAX_REQUEST_BYTES) {
      last.end = Math.max(last.end, end);
      last.entries.push(entry);
    } else {
      runs.push({ start: entry.offset, end, entries: [entry] });
    }
  }
  return runs;
}

/** Reads one pack file of `size` bytes. */
export class PackReader {
  private whole: Uint8Array | null = null;
  private first: Promise<void> | null = null;

  constructor(
    private readonly url: string,
    private readonly size: number,
    private readonly fetcher: typeof fetch,
  ) {}

  /**
   * Hands every entry's bytes to `onBytes`, request by request.
   *
   * @throws SiteError where the pack is missing or its length is not what its index announces.
   */
  async read<E extends Entry>(entries: readonly E[], onBytes: (entry: E, bytes: Uint8Array) => void): Promise<void> {
    const runs = planRuns(entries);
    const work = async () => {
      for (let run = runs.shift(); run; run = runs.shift()) {
        const bytes = await this.bytesOf(run);
        for (const entry of run.entries) {
          onBytes(entry, bytes.subarray(entry.offset - run.start, entry.offset - run.start + entry.size));
        }
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_REQUESTS }, work));
  }

  private async bytesOf(run: Run<Entry>): Promise<Uint8Array> {
    // The first request goes alone: its answer tells whether this server knows ranges, and a server that does not
    // must send the whole pack once, not four times.
    if (this.first === null) {
      const request = this.request(run);
      // Whoever waits needs only that it is over; a failure reaches the page through `request` itself.
      this.first = request.then(
        () => undefined,
        () => undefined,
      );
      return request;
    }
    await this.first;
    return this.whole ? this.whole.subarray(run.start, run.end) : this.request(run);
  }

  private async request(run: Run<Entry>): Promise<Uint8Array> {
    const range = { Range: `bytes=${run.start}-${run.end - 1}` };
    const { status, body } = await get(this.fetcher, this.url, [200, 206], range);
    const expected = status === 206 ? run.end - run.start : this.size;
    if (body.length !== expected) {
      throw new SiteError(`${this.url} is truncated or of another pack: ${body.length} bytes came, not ${expected}`);
    }
    if (status === 206) return body;
    this.whole = body;
    return body.subarray(run.start, run.end);
  }
}
