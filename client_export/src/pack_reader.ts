/** Cells out of a pack file over HTTP: several a request by byte range, or all at once where ranges are ignored. */
import { SiteError } from "./errors.ts";
import { get } from "./http.ts";

/** Most bytes of one request, unless a single cell is larger. */
const MAX_REQUEST_BYTES = 1 << 20;
/** Bytes not asked for that may be read along rather than making another request. */
const MAX_GAP_BYTES = 1 << 14;
const PARALLEL_REQUESTS = 4;
/** Of a server whose file ends before the range that was asked for. */
const BEYOND_END = 416;

/** Where something lies in the pack file, bytes. */
export interface Entry {
  offset: number;
  size: number;
}

/** A range of the pack file and the entries inside it. */
export interface ByteRange<E extends Entry> {
  start: number;
  end: number;
  entries: E[];
}

/** Ranges that hold all `entries`, each at most `MAX_REQUEST_BYTES` long, neighbours in the file read together. */
export function coalesce<E extends Entry>(entries: readonly E[]): ByteRange<E>[] {
  const ranges: ByteRange<E>[] = [];
  for (const entry of [...entries].sort((a, b) => a.offset - b.offset)) {
    const last = ranges[ranges.length - 1];
    const end = entry.offset + entry.size;
    if (last && entry.offset - last.end <= MAX_GAP_BYTES && end - last.start <= MAX_REQUEST_BYTES) {
      last.end = Math.max(last.end, end);
      last.entries.push(entry);
    } else {
      ranges.push({ start: entry.offset, end, entries: [entry] });
    }
  }
  return ranges;
}

/**
 * Reads one pack file of `size` bytes. Where that is null, of as many as there are: the bytes of an entry that goes on beyond
 * the end of the file are fewer than announced, or none, and who gets them compares them with their checksum.
 */
export class PackReader {
  private whole: Uint8Array | null = null;
  private first: Promise<void> | null = null;

  constructor(
    private readonly url: string,
    private readonly size: number | null,
    private readonly fetcher: typeof fetch,
  ) {}

  /**
   * Hands every entry's bytes to `onBytes`, request by request.
   *
   * @throws SiteError where the pack is missing or its length is not `size`.
   */
  async read<E extends Entry>(entries: readonly E[], onBytes: (entry: E, bytes: Uint8Array) => void): Promise<void> {
    const ranges = coalesce(entries);
    const work = async () => {
      for (let range = ranges.shift(); range; range = ranges.shift()) {
        const bytes = await this.bytesOf(range);
        for (const entry of range.entries) {
          onBytes(entry, bytes.subarray(entry.offset - range.start, entry.offset - range.start + entry.size));
        }
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_REQUESTS }, work));
  }

  private async bytesOf(range: ByteRange<Entry>): Promise<Uint8Array> {
    // The first request goes alone: its answer tells whether this server knows ranges, and a server that does not
    // must send the whole pack once, not four times.
    if (this.first === null) {
      const request = this.request(range);
      // Whoever waits needs only that it is over; a failure reaches the page through `request` itself.
      this.first = request.then(
        () => undefined,
        () => undefined,
      );
      return request;
    }
    await this.first;
    return this.whole ? this.whole.subarray(range.start, range.end) : this.request(range);
  }

  private async request(range: ByteRange<Entry>): Promise<Uint8Array> {
    const headers = { Range: `bytes=${range.start}-${range.end - 1}` };
    const accepted = this.size === null ? [200, 206, BEYOND_END] : [200, 206];
    const { status, body } = await get(this.fetcher, this.url, accepted, headers);
    if (status === BEYOND_END) return body.subarray(0, 0);
    const expected = status === 206 ? range.end - range.start : this.size;
    if (this.size !== null && body.length !== expected) {
      throw new SiteError(`${this.url} is truncated or of another pack: ${body.length} bytes came, not ${expected}`);
    }
    if (status === 206) return body;
    this.whole = body;
    return body.subarray(range.start, range.end);
  }
}
