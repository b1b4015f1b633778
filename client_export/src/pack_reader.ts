/** Cells out of a pack file over HTTP: several a request by byte range, or all at once where ranges are ignored. */
import { AnswerError, type SiteError, UnreachableError } from "./errors.ts";
import { type Watch, get } from "./http.ts";
import { reader } from "./text/reader.ts";
import { TEXT } from "./text/text.ts";

TEXT.reader ??= reader; // until the texts of the page come

/** Most bytes of one request, unless a single cell is larger. */
const MAX_REQUEST_BYTES = 1 << 20;
/** Bytes not asked for that may be read along rather than making another request. */
const MAX_GAP_BYTES = 1 << 14;
const PARALLEL_REQUESTS = 4;
/** Of a server whose file ends before the range that was asked for. */
const BEYOND_END = 416;
/** Bytes of whole files that are kept, where a server ignores ranges. */
const MOST_WHOLE_BYTES = 128 << 20;

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

/** Does `work` with all of `jobs`, four at a time. */
export async function inParallel<T>(jobs: readonly T[], work: (job: T) => Promise<void>): Promise<void> {
  const left = [...jobs];
  const next = async () => {
    for (let job = left.shift(); job !== undefined; job = left.shift()) await work(job);
  };
  await Promise.all(Array.from({ length: PARALLEL_REQUESTS }, next));
}

/** Room for whole files, bytes, which readers may share. */
export class Room {
  constructor(public left = MOST_WHOLE_BYTES) {}
}

/**
 * Reads one pack file of `size` bytes. Where that is null, of as many as there are: the bytes of an entry that goes on beyond
 * the end of the file are fewer than announced, or none, and who gets them compares them with their checksum.
 */
export class PackReader {
  private whole: Uint8Array | null = null;
  /** Whether the server sends parts of files; null until it has answered. */
  private ranges: boolean | null = null;
  /** Until the first answer tells that: a server that sends whole files must send this one once, not four times. */
  private learning: Promise<void> | null = null;

  constructor(
    private readonly url: string,
    private readonly size: number | null,
    private readonly fetcher: typeof fetch,
    private readonly room = new Room(),
  ) {}

  /**
   * Hands every entry's bytes to `onBytes`, request by request; and those of a request that failed to `onFail`.
   *
   * @throws what `bytes` throws, unless there is an `onFail`.
   */
  async read<E extends Entry>(
    entries: readonly E[],
    onBytes: (entry: E, bytes: Uint8Array) => void,
    onFail?: (entries: E[], reason: unknown) => void,
    watch: Watch = {},
  ): Promise<void> {
    await inParallel(coalesce(entries), async (range) => {
      let bytes: Uint8Array;
      try {
        bytes = await this.bytes(range, watch);
      } catch (reason) {
        if (!onFail) throw reason;
        onFail(range.entries, reason);
        return;
      }
      for (const entry of range.entries) {
        onBytes(entry, bytes.subarray(entry.offset - range.start, entry.offset - range.start + entry.size));
      }
    });
  }

  /**
   * The bytes of a range, asked for once; past the caches if `fresh`.
   *
   * @throws UnreachableError where they may come later; SiteError where the file is missing, its length is not `size`, or it
   * is too large for a server that sends whole files.
   */
  async bytes({ start, end }: { start: number; end: number }, watch: Watch = {}, fresh = false): Promise<Uint8Array> {
    while (this.learning) await this.learning;
    if (this.whole) return this.whole.subarray(start, end);
    let learnt = () => {};
    if (!this.ranges) this.learning = new Promise((done) => (learnt = done));
    const over = () => {
      this.learning = null;
      learnt();
    };
    try {
      const init: RequestInit = fresh ? { cache: "reload" } : {};
      return (await this.part(start, end, init, watch, over)) ?? (await this.all(init, watch)).subarray(start, end);
    } finally {
      if (!this.ranges) over();
    }
  }

  /** The bytes of a range; null where the server does not send them alone. `over` is called once it is seen to. */
  private async part(
    start: number,
    end: number,
    init: RequestInit,
    watch: Watch,
    over: () => void,
  ): Promise<Uint8Array | null> {
    if (this.ranges === false) return null;
    const accepted = this.size === null ? [200, 206, BEYOND_END] : [200, 206];
    const headers = { Range: `bytes=${start}-${end - 1}` };
    let useless = false;
    const onHead = (response: Response): [number, string] => {
      if (response.status === 200) return this.limit(response, watch);
      const range = response.headers.get("Content-Range");
      // Bytes of what gzip made of the file are of no use, and not every server says from where those are that it sends.
      if (response.headers.has("Content-Encoding") || (range && !range.startsWith(`bytes ${start}-`))) {
        useless = true;
        this.ranges = false;
        throw new AnswerError(TEXT.reader.otherRange(this.url, start, end));
      }
      this.ranges = true;
      over();
      return [end - start, TEXT.reader.otherRange(this.url, start, end)];
    };
    try {
      const { status, body } = await get(this.fetcher, this.url, accepted, { ...init, headers }, { ...watch, onHead });
      if (status === BEYOND_END) return body.subarray(0, 0);
      if (status === 200) return this.keep(body).subarray(start, end);
      if (this.size !== null && body.length !== end - start) {
        throw new AnswerError(TEXT.reader.truncated(this.url, body.length, end - start));
      }
      return body;
    } catch (reason) {
      if (useless) return null;
      const odd = reason instanceof UnreachableError && reason.unanswered && this.ranges === null;
      if (!odd) throw reason;
      // A browser takes a packed answer to a range for none. If the file comes packed, this is why; else it is the network.
      return (await this.all(init, watch, reason)).subarray(start, end);
    }
  }

  /** The whole file, asked for without a range. @throws `unpacked` unless that is null, or the server packs the file. */
  private async all(init: RequestInit, watch: Watch, unpacked: SiteError | null = null): Promise<Uint8Array> {
    const onHead = (response: Response) => {
      if (unpacked && !response.headers.has("Content-Encoding")) throw unpacked;
      return this.limit(response, watch);
    };
    return this.keep((await get(this.fetcher, this.url, [200], init, { ...watch, onHead })).body);
  }

  private limit({ headers }: Response, { onSize }: Watch): [number, string] {
    const [left, why] = [this.room.left, TEXT.reader.tooLarge(this.url, MOST_WHOLE_BYTES >> 20)];
    const announced = Number(headers.get("Content-Length")); // of a packed body: of what the server sends
    if (announced > left) throw new AnswerError(why);
    onSize?.(announced);
    return [left, why];
  }

  private keep(body: Uint8Array): Uint8Array {
    if (this.size !== null && body.length !== this.size) {
      throw new AnswerError(TEXT.reader.truncated(this.url, body.length, this.size));
    }
    this.room.left -= body.length;
    this.whole = body;
    return body;
  }
}
