/**
 * The element `<helios-sky src="site/" goto="M 31">`: a sky in a page of another's. It shows the page of the site itself in a
 * frame of its own, so that as many as one likes stand in a page, from any host, and neither page's styles, keys or ids meet.
 * Both sides talk by messages; `guest.ts` is the other one. Nothing is imported here: this file is the npm package's code.
 */

const TEXT = {
  noSite: "<helios-sky> needs src, the address of a site of Helios.",
  gone: "The sky was taken from the page, or given another site.",
  title: "Helios",
};

/** A view, or a part of one. */
export interface SkyView {
  /** Place, metres, barycentric mean ecliptic J2000. */
  pos?: readonly [number, number, number];
  /** Where it looks: ICRS right ascension and declination, degrees. */
  look?: readonly [number, number];
  /** Height of the view, degrees. */
  fov?: number;
  /** Stops of exposure, or "auto": by the light in view. */
  ev?: number | "auto";
  up?: "ecliptic" | "equatorial";
  /** What is drawn over the sky, as "constellations,equatorial"; "none" for nothing. */
  show?: string;
  /** The date of the stars: one as "2026-11-29", or a year as "-9000" or "12000"; empty for the sky's own. */
  t?: string;
}

/** What is asked of the page of a site; `text` is a name for "goto" and a link's text for "go". */
export interface Call {
  helios: "call";
  id: number;
  what: "goto" | "go";
  text: string;
}

/** What the page of a site tells; `link` is the text of its view. */
export type Told =
  | { helios: "ready" | "view"; link: string }
  | { helios: "failed"; text: string }
  | { helios: "answer"; id: number; value: boolean };

/** The events of the element, by their names. */
export interface SkyEvents {
  /** The first view is loaded and drawn. */
  ready: CustomEvent<SkyView>;
  /** The view has changed: at each rest, and ten times a second in motion. */
  view: CustomEvent<SkyView>;
  /** Nothing can be shown; the frame says why, and this does. */
  failed: CustomEvent<string>;
}

const PARTS = ["pos", "look", "fov", "ev", "up", "show", "t"] as const;
const ATTRIBUTES = ["src", "lang", "goto", "points", ...PARTS];

/** The text of a view as it stands in a link after `#`, its numbers to the last bit. */
export function linkOf(view: SkyView, goto?: string | null): string {
  const parts = PARTS.filter((part) => view[part] !== undefined).map((part) => [part, String(view[part])]);
  if (goto) parts.unshift(["goto", goto]);
  return parts.map(([key, value]) => `${key}=${encodeURIComponent(value).replaceAll("%2C", ",")}`).join("&");
}

/** The view that a link's text names. */
export function viewOf(link: string): SkyView {
  // "+" is a sign here, not a space: 1e+20.
  const found = new URLSearchParams(link.replace(/^#/, "").replaceAll("+", "%2B"));
  const view: Record<string, unknown> = {};
  for (const part of PARTS) {
    const text = found.get(part);
    if (text === null) continue;
    if (part === "pos" || part === "look") view[part] = text.split(",").map(Number);
    else view[part] = part === "fov" || (part === "ev" && text !== "auto") ? Number(text) : text;
  }
  return view as SkyView;
}

interface Waiting {
  resolve(value: boolean): void;
  reject(reason: Error): void;
}

/** Where there is no page, as on a server that renders one, the file can be imported all the same. */
const Base = globalThis.HTMLElement ?? (class {} as typeof HTMLElement);

export class HeliosSky extends Base {
  static readonly observedAttributes = ATTRIBUTES;
  /** The frame with the page of the site; `contentWindow.helios` is that page's own API where both are of one origin. */
  readonly frame: HTMLIFrameElement = document.createElement("iframe");
  private link = "";
  private readyOnce: Promise<void> = Promise.reject(new Error(TEXT.noSite));
  private start: { resolve(): void; reject(reason: Error): void } | null = null;
  private readonly calls = new Map<number, Waiting>();
  private lastCall = 0;
  private readonly listen = (event: MessageEvent) => this.hear(event);

  constructor() {
    super();
    this.readyOnce.catch(() => undefined); // told to who awaits it
    const style = document.createElement("style");
    style.textContent =
      ":host { display: block; aspect-ratio: 16 / 9; background: #000 } :host([hidden]) { display: none } " +
      "iframe { display: block; width: 100%; height: 100%; border: 0 }";
    this.frame.allow = "fullscreen; gyroscope; accelerometer; xr-spatial-tracking";
    this.attachShadow({ mode: "open" }).append(style, this.frame);
  }

  /** Resolves when the first view is loaded and drawn. @throws Error where nothing can be shown, or there is no `src`. */
  get ready(): Promise<void> {
    return this.readyOnce;
  }

  /** The view as it was last told; what attributes ask for until then. To set a part of it leaves the others. */
  get view(): SkyView {
    return this.link ? viewOf(this.link) : this.asked();
  }

  set view(part: SkyView) {
    this.go(part).catch(() => undefined); // `ready` tells
  }

  /** Goes to a view, or to the given part of one, and resolves once all that it needs is drawn. @throws Error as `ready`. */
  async go(part: SkyView): Promise<void> {
    await this.ready;
    await this.call("go", linkOf({ ...this.view, ...part }));
  }

  /**
   * Flies to what is called `name`, as in the search box, and resolves when the flight ends, there or by a visitor's hand: to
   * false where nothing is called so. @throws Error as `ready`.
   */
  async goto(name: string): Promise<boolean> {
    await this.ready;
    return this.call("goto", name);
  }

  connectedCallback(): void {
    window.addEventListener("message", this.listen);
    this.load();
  }

  disconnectedCallback(): void {
    window.removeEventListener("message", this.listen);
    this.forget();
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (!this.isConnected || before === now) return;
    if (name === "src" || name === "lang") {
      if (name === "src") this.link = "";
      this.load();
    } else if (name === "points") {
      this.load();
    } else if (now !== null) {
      const done = name === "goto" ? this.goto(now) : this.go(viewOf(`${name}=${encodeURIComponent(now)}`));
      done.catch(() => undefined); // `ready` tells
    }
  }

  /** Shows the page of the site, at the view that was seen last, or that attributes ask for. */
  private load(): void {
    this.forget();
    const source = this.getAttribute("src");
    if (source === null) return;
    this.readyOnce = new Promise((resolve, reject) => (this.start = { resolve, reject }));
    this.readyOnce.catch(() => undefined); // told to who awaits it
    const address = new URL(source, document.baseURI);
    const language = this.closest<HTMLElement>("[lang]")?.lang;
    if (language && !address.searchParams.has("lang")) address.searchParams.set("lang", language);
    // Tables are this page's, addressed from here; several have spaces between them.
    for (const table of this.getAttribute("points")?.split(/\s+/).filter(Boolean) ?? []) {
      address.searchParams.append("points", new URL(table, document.baseURI).href);
    }
    address.hash = this.link || linkOf(this.asked(), this.getAttribute("goto"));
    this.frame.title = this.title || TEXT.title;
    this.frame.src = address.href;
  }

  /** What attributes say of the view. */
  private asked(): SkyView {
    const given = PARTS.filter((part) => this.hasAttribute(part));
    return viewOf(given.map((part) => `${part}=${encodeURIComponent(this.getAttribute(part) ?? "")}`).join("&"));
  }

  /** Ends what is waited for. */
  private forget(): void {
    const gone = new Error(TEXT.gone);
    this.start?.reject(gone);
    this.start = null;
    for (const { reject } of this.calls.values()) reject(gone);
    this.calls.clear();
  }

  private call(what: Call["what"], text: string): Promise<boolean> {
    const id = ++this.lastCall;
    const message: Call = { helios: "call", id, what, text };
    return new Promise((resolve, reject) => {
      this.calls.set(id, { resolve, reject });
      this.frame.contentWindow?.postMessage(message, new URL(this.frame.src).origin);
    });
  }

  private hear({ source, origin, data }: MessageEvent): void {
    if (source !== this.frame.contentWindow || origin !== new URL(this.frame.src).origin) return;
    const told = data as Told;
    if (told.helios === "answer") {
      this.calls.get(told.id)?.resolve(told.value);
      this.calls.delete(told.id);
    } else if (told.helios === "failed") {
      this.start?.reject(new Error(told.text));
      this.tell("failed", told.text);
    } else if (told.helios === "ready" || told.helios === "view") {
      this.link = told.link;
      if (told.helios === "ready") this.start?.resolve();
      this.tell(told.helios, viewOf(told.link));
    }
  }

  private tell<K extends keyof SkyEvents>(name: K, detail: SkyEvents[K]["detail"]): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

export interface HeliosSky {
  addEventListener<K extends keyof SkyEvents>(
    name: K,
    listener: (this: HeliosSky, event: SkyEvents[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    name: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "helios-sky": HeliosSky;
  }
}

if (globalThis.customElements && !customElements.get("helios-sky")) customElements.define("helios-sky", HeliosSky);
