/** All pack formats by name. A new one is a file with a `PackFormat` in it, and a line here. */
import { SiteError } from "./errors.ts";
import type { Folder } from "./http.ts";
import type { Pack, PackFormat } from "./pack_format.ts";
import { V1 } from "./v1.ts";

export const PACK_FORMATS = new Map<string, PackFormat>([["v1", V1]]);

/** Opens the pack of the format called `format` in a folder. @throws SiteError where it cannot be read. */
export async function openPack(format: string, folder: Folder, checksums?: string): Promise<Pack> {
  const found = PACK_FORMATS.get(format);
  if (!found) {
    const known = [...PACK_FORMATS.keys()].join(", ");
    throw new SiteError(`${folder.path} holds a pack of format "${format}", this viewer reads ${known}`);
  }
  return found.open(folder, checksums);
}
