/** Files of the site over HTTP, asked for again while they may come; every failure names the file. */
import { AnswerError, RefusedError, SiteError, UnreachableError, plainOf } from "./errors.ts";
import { TEXT } from "./text/text.ts";

/** A request ends when for so many milliseconds fewer bytes have come than that: a total would be wrong of slow networks. */
export const STALL_MS = 10_000;
const LEAST_BYTES = 256;

/** What could not be reached is asked for again after so many milliseconds, then after twice as many, and so on. */
const RETRY_MS = 1000;
export const MOST_RETRY_MS = 60_000;
/** So often a file is asked for that something waits for. */
const TRIES = 4;

/** Said by a server that is asked too much, and from the second on by one that is at fault: it may answer otherwise soon. */
const [TOO_MANY_REQUESTS, SERVER_ERROR] = [429, 500];
const [UNAUTHORIZED, FORBIDDEN] = [401, 403];

/** The error that the status of an answer is. */
function errorOf(url: string, { status, headers }: Response): SiteError {
  const why = TEXT.files.unread(url, TEXT.files.status(status));
  const afterMs = 1000 * Number(headers.get("Retry-After")) || 0; // not a date, which clocks may differ about
  if (status === TOO_MANY_REQUESTS || status >= SERVER_ERROR) return new UnreachableError(why, afterMs);
  return status === UNAUTHORIZED || status === FORBIDDEN ? new RefusedError(why) : new AnswerError(why);
}

/** The answer of the server and its whole body. */
export interface Answer {
  status: number;
  body: Uint8Array;
}

/** What may be seen of a request while it lasts. */
export interface Watch {
  /** So many bytes more have come. */
  onBytes?(count: number): void;
  /** Other bytes will come than were asked for, so many. */
  onSize?(bytes: number): void;
  /** A try has failed; the next one begins in `ms`. */
  onWait?(why: string, ms: number): void;
}

/** How a single request may be watched and held back. */
export interface GetWatch extends Watch {
  /** Sees an answer before its body comes, and may throw; returns how many bytes that may have, and what to say if there are more. */
  onHead?(response: Response): [most: number, why: string] | undefined;
}

/** How long to wait after so many tries in vain, milliseconds; `afterMs` is what the server asks for. */
export function pauseAfter(tries: number, afterMs: number): number {
  return Math.min(Math.max(RETRY_MS * 2 ** (tries - 1), afterMs), MOST_RETRY_MS);
}

/** Does `work` again, with growing pauses, while it ends with an UnreachableError, `tries` times at most. */
export async function persist<T>(work: (tried: number) => Promise<T>, watch: Watch = {}, tries = TRIES): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await work(tried);
    } catch (reason) {
      if (!(reason instanceof UnreachableError) || tried >= tries) throw reason;
      const ms = pauseAfter(tried, reason.afterMs);
      watch.onWait?.(reason.message, ms);
      await new Promise((done) => setTimeout(done, ms));
    }
  }
}

/**
 * GETs `url`, once.
 *
 * @throws UnreachableError where no whole answer came, or the server says that it may come later; SiteError where the
 * answer is another than `accepted`, or a web page, as some servers send for what they do not have.
 */
export async function get(
  fetcher: typeof fetch,
  url: string,
  accepted: readonly number[],
  init: RequestInit = {},
  { onBytes, onHead }: GetWatch = {},
): Promise<Answer> {
  const stop = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const awake = () => {
    clearTimeout(timer);
    timer = setTimeout(() => stop.abort(new Error(TEXT.files.stalled(STALL_MS / 1000))), STALL_MS);
  };
  let answered = false;
  try {
    awake();
    const response = await fetcher(url, { ...init, signal: stop.signal });
    const { status, headers, body } = response;
    answered = true;
    if (!accepted.includes(status)) throw errorOf(url, response);
    if (headers.get("Content-Type")?.startsWith("text/html"))
      throw new AnswerError(TEXT.files.unread(url, TEXT.files.page));
    const [most, tooMany] = onHead?.(response) ?? [Infinity, ""];
    const chunks: Uint8Array[] = [];
    let [size, told] = [0, 0];
    const reader = body?.getReader();
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      chunks.push(part.value);
      size += part.value.length;
      onBytes?.(part.value.length);
      if (size > most) throw new AnswerError(tooMany);
      if (size - told < LEAST_BYTES) continue;
      told = size;
      awake();
    }
    const whole = new Uint8Array(size);
    size = 0;
    for (const chunk of chunks) {
      whole.set(chunk, size);
      size += chunk.length;
    }
    return { status, body: whole };
  } catch (reason) {
    if (reason instanceof SiteError) throw reason;
    const stalled: unknown = stop.signal.reason;
    throw new UnreachableError(TEXT.files.unread(url, plainOf(stalled ?? reason)), 0, !answered && !stalled);
  } finally {
    clearTimeout(timer);
    stop.abort(); // of what was not read to its end
  }
}

/** A folder of the site. `path` ends in a slash and is how errors name it; `fetcher` is `fetch`, or a test's own. */
export class Folder {
  constructor(
    readonly path: string,
    readonly fetcher: typeof fetch,
    private readonly watch: Watch = {},
  ) {}

  /** A folder in this one. */
  folder(name: string): Folder {
    return new Folder(`${this.path}${name}/`, this.fetcher, this.watch);
  }

  /** The bytes of one of its files, from the server itself rather than a cache if `fresh`. */
  bytes(name: string, fresh = false): Promise<Uint8Array> {
    // Browsers let a request wait for one of the same file that is under way, as the preload of a page may be that stalls.
    const cacheOf = (tried: number): RequestInit =>
      tried > 1 ? { cache: "no-store" } : fresh ? { cache: "reload" } : {};
    const ask = (tried: number) => get(this.fetcher, this.path + name, [200], cacheOf(tried), this.watch);
    return persist(async (tried) => (await ask(tried)).body, this.watch);
  }

  /**
   * What `decode` makes of the bytes of a file, which `reading` is on the way already. A file that is damaged is read once
   * more: what came may have been cut off or changed on the way, or in a cache.
   */
  async decoded<T>(
    name: string,
    decode: (bytes: Uint8Array) => T | Promise<T>,
    reading = this.bytes(name),
  ): Promise<T> {
    const bytes = await reading;
    try {
      return await decode(bytes);
    } catch (reason) {
      if (!(reason instanceof SiteError)) throw reason;
      return decode(await this.bytes(name, true));
    }
  }

  /** The text of one of its files, which may be compressed by gzip: servers may, or may not, unpack it on the way. */
  async text(name: string): Promise<string> {
    return textOf(await this.bytes(name), this.path + name);
  }
}

/** The text of a file, which gzip may have compressed. @throws SiteError where it does not unpack. */
export async function textOf(bytes: Uint8Array, what: string): Promise<string> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return new TextDecoder().decode(bytes);
  try {
    return await new Response(
      new Blob([bytes as BlobPart]).stream().pipeThrough(new DecompressionStream("gzip")),
    ).text();
  } catch {
    throw new SiteError(`${what} is damaged: it does not unpack`);
  }
}
