/** The tables of a page's own stars: drawn, listed in the menu Show, found by search, told of when pointed at. */
import type { Camera } from "../camera.ts";
import { Painter } from "../chart/painter.ts";
import { element } from "../element.ts";
import { STAR_RADIUS_M, type Landmark } from "../landmark.ts";
import type { Names } from "../names.ts";
import { showNotice } from "../notices.ts";
import type { Frame, Overlay } from "../overlay.ts";
import type { Line, Subject } from "../panel/panel.ts";
import type { Spot } from "../panel/pick.ts";
import { TEXT } from "../text/text.ts";
import { type Vec3, length } from "../vec.ts";
import { fetchTable, readFile } from "./file.ts";
import { type Mark, Marks } from "./marks.ts";
import { type Points, readPoints } from "./table.ts";

const KIND = "point";
/** The panel tells of so many columns. */
const MOST_LINES = 40;
/** A place's size, of which a flight ends some away, is at most this share of its distance from the Sun. */
const SIZE = 0.01;
/** How long it is said that a table was added, milliseconds. */
const SAID_MS = 8000;
const HOVER_REACH_PX = 12;

/** What shows the sky. */
export interface PointsHost {
  readonly stage: { readonly canvas: HTMLCanvasElement };
  readonly camera: Camera;
  /** Null until the names of the site are there. */
  readonly names: Names | null;
  addOverlay(overlay: Overlay): void;
  invalidate(): void;
}

/** A table, and how its named stars are taken out of the search again. */
interface Table {
  points: Points;
  shown: boolean;
  entry: HTMLElement;
  forget: (() => void) | null;
}

export class PointTables implements Overlay {
  private readonly tables = new Set<Table>();
  private readonly marks: Marks;
  private readonly said = Object.assign(document.createElement("p"), { id: "points-said" });
  private saidTimer = 0;

  /** `section` is where in the menu Show the tables are listed. */
  constructor(
    private readonly host: PointsHost,
    private readonly section: HTMLElement,
  ) {
    const canvas = Object.assign(document.createElement("canvas"), { id: "points", hidden: true });
    canvas.setAttribute("aria-hidden", "true");
    element("labels").before(canvas);
    this.marks = new Marks(new Painter(canvas));
    this.said.setAttribute("role", "status");
    element("status").append(this.said);
    host.stage.canvas.addEventListener("pointermove", (event) => this.hover(event));
    host.addOverlay(this);
  }

  /**
   * Adds the table at an address, or in a file, and says what of it cannot be used.
   *
   * @throws SiteError where it cannot be read or is no table of places.
   */
  async add(what: string | File): Promise<void> {
    const { text, file } =
      typeof what === "string"
        ? await fetchTable(what, document.baseURI, window.fetch.bind(window))
        : await readFile(what);
    const points = readPoints(text, file, (color) => CSS.supports("color", color));
    for (const fault of points.faults) showNotice(fault);
    if (points.rows.length === 0) return;
    const table: Table = { points, shown: true, entry: document.createElement("div"), forget: null };
    this.list(table);
    this.tables.add(table);
    this.refresh();
    this.say(TEXT.points.added(file, points.rows.length));
  }

  draw(frame: Frame): void {
    const { names } = this.host;
    if (names) this.offer(names);
    this.marks.draw(frame, names?.labels.boxes ?? [], new Set(names?.labels.shown), names?.labels.visible ?? true);
  }

  /** What is marked at a spot of the view. */
  subjectAt(spot: Spot): Subject | null {
    const mark = this.marks.at(spot);
    if (!mark) return null;
    const { columns, rows } = mark.points;
    const filled = columns.map((column, at): Line => [column, rows[mark.row].values[at].trim()]);
    const lines = filled.filter(([, text]) => text !== "");
    const more = lines.splice(MOST_LINES).length;
    if (more > 0) lines.push([TEXT.points.more, TEXT.points.moreColumns(more)]);
    return { star: null, place: placeOf(mark), row: lines };
  }

  /** Lets a user search for the named stars of tables that are shown. */
  private offer({ sought }: Names): void {
    for (const table of this.tables) {
      const { points, shown, forget } = table;
      if (!shown) {
        forget?.();
        table.forget = null;
      } else if (!forget) {
        const named = points.names.flatMap((name, row) => (name === "" ? [] : [placeOf({ points, row })]));
        table.forget = named.length > 0 ? sought.add(named) : () => undefined;
      }
    }
  }

  private list(table: Table): void {
    const { points, entry } = table;
    const label = document.createElement("label");
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: true });
    box.addEventListener("change", () => {
      table.shown = box.checked;
      this.refresh();
    });
    label.append(box, TEXT.points.added(points.file, points.rows.length));
    const remove = Object.assign(document.createElement("button"), { type: "button", textContent: "×" });
    remove.ariaLabel = remove.title = TEXT.points.remove(points.file);
    remove.addEventListener("click", () => this.remove(table));
    entry.append(label, remove);
    this.section.prepend(entry);
  }

  private remove(table: Table): void {
    this.tables.delete(table);
    table.forget?.();
    table.entry.remove();
    this.section.querySelector("button")?.focus();
    this.refresh();
  }

  private refresh(): void {
    this.marks.show([...this.tables].filter(({ shown }) => shown).map(({ points }) => points));
    this.host.invalidate();
  }

  private say(text: string): void {
    this.said.textContent = text;
    window.clearTimeout(this.saidTimer);
    this.saidTimer = window.setTimeout(() => (this.said.textContent = ""), SAID_MS);
  }

  private hover({ pointerType, buttons, clientX: x, clientY: y }: PointerEvent): void {
    if (pointerType !== "mouse" || buttons !== 0) return;
    const found = this.marks.at({ x, y, reach: HOVER_REACH_PX });
    const before = this.marks.hovered;
    if (found?.points === before?.points && found?.row === before?.row) return;
    this.marks.hovered = found;
    this.host.stage.canvas.style.cursor = found ? "pointer" : "";
    this.host.invalidate();
  }
}

function placeOf({ points, row }: Mark): Landmark {
  const position = points.places.slice(3 * row, 3 * row + 3) as unknown as Vec3;
  const { line } = points.rows[row];
  return {
    id: `${KIND} ${points.file} ${line}`,
    name: points.names[row] || TEXT.points.unnamed(points.file, line),
    kind: KIND,
    position: [position[0], position[1], position[2]],
    radiusM: Math.min(STAR_RADIUS_M, SIZE * length(position)),
    description: points.file,
  };
}
