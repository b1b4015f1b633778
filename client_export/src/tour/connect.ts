/** The button "Tours", of a site that lists some, and links that start one; what plays them comes when it is asked for. */
import { element } from "../element.ts";
import { messageOf } from "../errors.ts";
import { textOf as unpacked } from "../http.ts";
import { fieldsOf, textOf } from "../json_fields.ts";
import { listOf } from "../json_values.ts";
import { showNotice } from "../notices.ts";
import type { Overlay } from "../overlay.ts";
import type { Site } from "../site.ts";
import { TEXT } from "../text/text.ts";
import type { TourHost, Visit } from "./visit.ts";

const LISTED = "tours";

/** A tour that a site lists: its file, from the site's root, and what it is called. */
export interface Listed {
  file: string;
  title: string;
}

/** What the page has for tours. */
export interface Toured extends TourHost {
  /** What the page was opened with. */
  readonly address: string;
  addOverlay(overlay: Overlay): void;
}

/** What `site.json` says of tours. @throws SiteError where that is no list of files and titles. */
export function parseListed(value: unknown, what: string): Listed[] {
  return listOf(value, `${what}: "${LISTED}"`).map((entry, number) => {
    const where = `${what}: tour ${number}`;
    const fields = fieldsOf(entry, where);
    return { file: textOf(fields, "file", where), title: textOf(fields, "title", where) };
  });
}

/** Offers the tours that `site` lists, if it lists any, and starts that of the page's link. */
export function connectTours(app: Toured, site: Site): void {
  if (!site.has(LISTED)) return;
  try {
    const tours = parseListed(site.manifest[LISTED], "site.json");
    if (tours.length > 0) offer(app, site, tours);
  } catch (reason) {
    showNotice(messageOf(reason));
  }
}

function offer(app: Toured, site: Site, tours: readonly Listed[]): void {
  let visit: Visit | null = null;
  let asked = 0;
  const start = async (file: string, byKey: boolean): Promise<void> => {
    const own = ++asked;
    visit?.leave();
    const [{ Visit, parseTour }, text] = await Promise.all([
      import("./visit.ts"),
      site.root.decoded(file, (bytes) => unpacked(bytes, file)),
    ]);
    if (own === asked) visit = new Visit(app, parseTour(text, file), byKey, () => (visit = null));
  };
  const tell = (file: string, byKey: boolean) =>
    void start(file, byKey).catch((reason: unknown) => showNotice(messageOf(reason)));

  addMenu(tours, tell);

  let linked = linkedTour(app.address);
  window.addEventListener("hashchange", () => {
    linked = linkedTour(window.location.href) ?? linked;
    app.invalidate();
  });
  app.addOverlay({
    draw: () => {
      visit?.drawn();
      // Places are found once their names are there.
      if (linked === null || !app.names) return;
      const wanted = linked;
      linked = null;
      const found = tours.find(({ file }) => file === wanted || file === `tours/${wanted}.json`);
      if (found) tell(found.file, false);
      else showNotice(TEXT.tours.unknown(wanted));
    },
  });
}

/** The tour that a link asks for: the value of `tour` after `#`. */
function linkedTour(address: string): string | null {
  return new URLSearchParams(new URL(address).hash.slice(1)).get("tour");
}

/** Puts the button, and the list that it opens, on the page. `onChoose` gets a file, and whether a key chose it. */
function addMenu(tours: readonly Listed[], onChoose: (file: string, byKey: boolean) => void): void {
  const menu = Object.assign(document.createElement("div"), { id: "tours-menu", popover: "auto" });
  menu.setAttribute("role", "region");
  menu.setAttribute("aria-label", TEXT.tours.button);
  for (const { file, title } of tours) {
    const choice = Object.assign(document.createElement("button"), { type: "button", textContent: title });
    choice.addEventListener("click", (event) => {
      menu.hidePopover();
      onChoose(file, event.detail === 0);
    });
    menu.append(choice);
  }
  const button = Object.assign(document.createElement("button"), { id: "tours-button", type: "button" });
  button.append(TEXT.tours.button);
  button.title = TEXT.tours.title;
  button.setAttribute("popovertarget", menu.id);
  element("help-button").before(button);
  document.body.append(menu);
}
