/** The text of a table, from an address or a user's file. */
import { SiteError, UnreachableError } from "../errors.ts";
import { get } from "../http.ts";
import { TEXT } from "../text/text.ts";

const MOST_MB = 32;
const MOST_BYTES = MOST_MB * 1e6;

/** A table's text and what its file is called. */
export interface TableText {
  text: string;
  file: string;
}

/**
 * The table at `address`, which is from the page at `base`.
 *
 * @throws SiteError where it cannot be read, is too large or no text; UnreachableError where it may be there later.
 */
export async function fetchTable(address: string, base: string, fetcher: typeof fetch): Promise<TableText> {
  if (!URL.canParse(address, base)) throw new SiteError(TEXT.points.address(address));
  const url = new URL(address, base);
  const file = nameOf(url) || address;
  const tooLarge = TEXT.points.large(file, MOST_MB);
  try {
    const { body } = await get(fetcher, url.href, [200], {}, { onHead: () => [MOST_BYTES, tooLarge] });
    return { text: await textOf(body, file), file };
  } catch (reason) {
    if (reason instanceof UnreachableError && reason.unanswered && url.origin !== new URL(base).origin) {
      throw new UnreachableError(TEXT.points.foreign(reason.message));
    }
    throw reason;
  }
}

/** What a file is called at the end of its address. */
function nameOf({ pathname }: URL): string {
  const last = pathname.split("/").pop() ?? "";
  // An address may be escaped in no proper way, which this leaves as it is.
  return new URLSearchParams(`name=${last.replaceAll("+", "%2B")}`).get("name") ?? last;
}

/** The table that a user gave. @throws SiteError as `fetchTable`. */
export async function readFile(given: File): Promise<TableText> {
  if (given.size > MOST_BYTES) throw new SiteError(TEXT.points.large(given.name, MOST_MB));
  return { text: await textOf(new Uint8Array(await given.arrayBuffer()), given.name), file: given.name };
}

async function textOf(bytes: Uint8Array, file: string): Promise<string> {
  const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? await unpacked(bytes, file) : bytes;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(plain);
  } catch {
    throw new SiteError(TEXT.points.encoding(file));
  }
}

/** What gzip compressed; no more of it is kept than a table may have. */
async function unpacked(bytes: Uint8Array, file: string): Promise<Uint8Array> {
  const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(new DecompressionStream("gzip"));
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = stream.getReader();
  try {
    for (let part = await reader.read(); !part.done && size <= MOST_BYTES; part = await reader.read()) {
      chunks.push(part.value);
      size += part.value.length;
    }
  } catch {
    throw new SiteError(TEXT.points.damaged(file));
  }
  if (size > MOST_BYTES) throw new SiteError(TEXT.points.large(file, MOST_MB));
  return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
}
