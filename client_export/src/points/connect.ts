/** A page's own stars: tables that its link names, that are dropped on it, or chosen; what draws them comes with the first. */
import { element } from "../element.ts";
import { messageOf } from "../errors.ts";
import { showNotice } from "../notices.ts";
import type { Subject } from "../panel/panel.ts";
import type { Spot } from "../panel/pick.ts";
import { TEXT } from "../text/text.ts";
import type { PointsHost, PointTables } from "./tables.ts";

const LINKED = "points";
const ENDINGS = ".csv,.tsv,.txt,.gz,text/csv";

/** What the page has for tables of its own. */
export interface Dotted extends PointsHost {
  /** What the page was opened with. */
  readonly address: string;
}

/**
 * Draws the tables that the page's link names as `?points=`, and those that a user drops on the page or chooses in the menu Show.
 * Returns what is marked at a spot of the view.
 */
export function connectPoints(app: Dotted): (spot: Spot) => Subject | null {
  let tables: PointTables | null = null;
  let loading: Promise<PointTables> | null = null;
  const ready = (): Promise<PointTables> =>
    (loading ??= import("./tables.ts").then(({ PointTables }) => (tables = new PointTables(app, section))));
  const add = async (what: string | File): Promise<void> => {
    try {
      await (await ready()).add(what);
    } catch (reason) {
      if (!tables) loading = null; // it is read again, as if for the first time
      showNotice(messageOf(reason), typeof what === "string" ? () => void add(what) : undefined);
    }
  };
  const addAll = async (files: Iterable<string | File>): Promise<void> => {
    for (const file of files) await add(file);
  };

  const section = menuSection((files) => void addAll(files));
  watchDrops((files) => void addAll(files));
  void addAll(linkedTables(app.address));
  return (spot) => tables?.subjectAt(spot) ?? null;
}

/** The addresses of the tables that a page's address names. */
export function linkedTables(address: string): string[] {
  return new URL(address).searchParams.getAll(LINKED).filter((each) => each !== "");
}

/** Puts a part for tables into the menu Show. */
function menuSection(onFiles: (files: File[]) => void): HTMLElement {
  const section = document.createElement("section");
  section.id = "points-menu";
  const input = Object.assign(document.createElement("input"), { type: "file", multiple: true, accept: ENDINGS });
  input.hidden = true;
  input.addEventListener("change", () => {
    onFiles([...(input.files ?? [])]);
    input.value = ""; // the same file may be chosen again
  });
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: TEXT.points.choose });
  button.addEventListener("click", () => input.click());
  section.append(button, input);
  element("show-menu").append(section);
  return section;
}

/** Takes files that are dropped anywhere on the page, and says so while they are dragged over it. */
function watchDrops(onFiles: (files: File[]) => void): void {
  const hint = Object.assign(document.createElement("div"), {
    id: "drop-hint",
    textContent: TEXT.points.drop,
    hidden: true,
  });
  document.body.append(hint);
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  for (const type of ["dragenter", "dragover"] as const) {
    window.addEventListener(type, (event) => {
      if (!hasFiles(event) || !event.dataTransfer) return;
      event.preventDefault(); // else the browser would open the file in place of the page
      event.dataTransfer.dropEffect = "copy";
      hint.hidden = false;
    });
  }
  window.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) hint.hidden = true; // it left the page, not only a part of it
  });
  window.addEventListener("drop", (event) => {
    hint.hidden = true;
    if (!hasFiles(event)) return;
    event.preventDefault();
    onFiles([...(event.dataTransfer?.files ?? [])]);
  });
}
