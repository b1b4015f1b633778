/** Files of the site over HTTP; every failure names the file. */
import { SiteError, messageOf } from "./errors.ts";

/** The answer of the server and its whole body. */
export interface Answer {
  status: number;
  body: Uint8Array;
}

/** GETs `url`. @throws SiteError where no whole answer came, or one other than `accepted`. */
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
    throw new SiteError(`${url} cannot be read: ${messageOf(reason)}`);
  }
  if (!accepted.includes(answer.status)) {
    throw new SiteError(`${url} cannot be read: the server answered HTTP ${answer.status}`);
  }
  return answer;
}

/** The text of `url`. */
export async function getText(fetcher: typeof fetch, url: string): Promise<string> {
  return new TextDecoder().decode((await get(fetcher, url, [200])).body);
}

/** A folder of the site. `path` ends in a slash and is how errors name it; `fetcher` is `fetch`, or a test's own. */
export class Folder {
  constructor(
    readonly path: string,
    readonly fetcher: typeof fetch,
  ) {}

  /** The text of one of its files. */
  text(name: string): Promise<string> {
    return getText(this.fetcher, this.path + name);
  }
}
