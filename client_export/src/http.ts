/** Files of the site over HTTP; every failure names the file. */
import { SiteError, UnreachableError, messageOf } from "./errors.ts";

/** The answer of the server and its whole body. */
export interface Answer {
  status: number;
  body: Uint8Array;
}

/** From it on the server says that it is at fault, and may answer otherwise soon. */
const SERVER_ERROR = 500;

/**
 * GETs `url`.
 *
 * @throws UnreachableError where no whole answer came, or the server says that it is at fault; SiteError where the answer
 * is another than `accepted`.
 */
export async function get(
  fetcher: typeof fetch,
  url: string,
  accepted: readonly number[],
  headers: Record<string, string> = {},
): Promise<Answer> {
  let answer: Answer;
  try {
    const response = await fetcher(url, { headers });
    answer = { status: response.status, body: new Uint8Array(await response.arrayBuffer()) };
  } catch (reason) {
    throw new UnreachableError(`${url} cannot be read: ${messageOf(reason)}`);
  }
  if (!accepted.includes(answer.status)) {
    const ErrorOfStatus = answer.status >= SERVER_ERROR ? UnreachableError : SiteError;
    throw new ErrorOfStatus(`${url} cannot be read: the server answered HTTP ${answer.status}`);
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
