/** What `site.json` lists for searches: read when someone searches, not for the first sky. */
import { Folder } from "../http.ts";
import { type Fields, fieldsOf, parseJson, textOf } from "../json_fields.ts";
import { Lookup } from "./lookup.ts";

const MANIFEST = "site.json";

export class Listed {
  private readonly root: Folder;
  private manifest: Promise<Fields> | null = null;

  /** `base`: the address of the site, ending in a slash, or empty. */
  constructor(base: string, fetcher: typeof fetch) {
    this.root = new Folder(base, fetcher);
  }

  /** The text of the file of names, and its name; null where the site has none. @throws SiteError where it cannot be read. */
  async names(): Promise<[text: string, what: string] | null> {
    const name = await this.path("names");
    return name === null ? null : [await this.root.text(name), name];
  }

  /** The identifiers of all stars; null where the site does not list them. @throws SiteError where they cannot be read. */
  async lookup(): Promise<Lookup | null> {
    const name = await this.path("lookup");
    return name === null ? null : Lookup.open(this.root, name);
  }

  private async path(key: string): Promise<string | null> {
    this.manifest ??= this.root.text(MANIFEST).then((text) => fieldsOf(parseJson(text, MANIFEST), MANIFEST));
    const manifest = await this.manifest.catch((reason: unknown) => {
      this.manifest = null; // it is read again, as if for the first time
      throw reason;
    });
    return manifest[key] === undefined ? null : textOf(manifest, key, MANIFEST);
  }
}
