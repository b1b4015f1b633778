/** Files of the site over HTTP; every failure names the file. */
import { SiteError, UnreachableError, messageOf } from "./errors.ts";

/** The answer of the server and its whole body. */
export interface Answer {
  status: number;
  body: Uint8Array;
}

/** Said by a server that is asked too much, and from the second on by one that is at fault: it may answer otherwise soon. */
const [TOO_MANY_REQUESTS, SERVER_ERROR] = [429, 500];

/**
 * GETs `url`.
 *
 * @throws UnreachableError where no whole answer came, or the server says that it may come later; SiteError where the
 * answer is another than `accepted`.
 */
export async function get(
  fetcher: typeof fetch,
  url: string,
  accepted: readonly number[],
  headers: Record<string, string> = {},
): Promise<Answer> {
  let answer: Answer;
  let afterMs: number;
  try {
    const response = await fetcher(url, { headers });
    answer = { status: response.status, body: new Uint8Array(await response.arrayBuffer()) };
    afterMs = 1000 * Number(response.headers.get("Retry-After")) || 0; // not a date, which clocks may differ about
  } catch (reason) {
    throw new UnreachableError(`${url} cannot be read: ${messageOf(reason)}`);
  }
  if (!accepted.includes(answer.status)) {
    const why = `${url} cannot be read: the server answered HTTP ${answer.status}`;
    const later = answer.status === TOO_MANY_REQUESTS || answer.status >= SERVER_ERROR;
    throw later ? new UnreachableError(why, afterMs) : new SiteError(why);
  }
  return answer;
}

/** A folder of the site. `path` ends in a slash and is how errors name it; `fetcher` is `fetch`, or a test's own. */
export class Folder {
  constructor(
    readonly path: string,
    readonly fetcher: typeof fetch,
  ) {}

  /** The bytes of one of its files. */
  async bytes(name: string): Promise<Uint8Array> {
    return (await get(this.fetcher, this.path + name, [200])).body;
  }

  /** The text of one of its files, which may be compressed by gzip: servers may, or may not, unpack it on the way. */
  async text(name: string): Promise<string> {
    const bytes = await this.bytes(name);
    if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return new TextDecoder().decode(bytes);
    try {
      return await new Response(
        new Blob([bytes as BlobPart]).stream().pipeThrough(new DecompressionStream("gzip")),
      ).text();
    } catch {
      throw new SiteError(`${this.path}${name} is damaged: it does not unpack`);
    }
  }
}
