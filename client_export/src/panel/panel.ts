/** The panel that says what was pointed at. */
import type { Camera } from "../camera.ts";
import { element } from "../element.ts";
import { messageOf } from "../errors.ts";
import { CONSTELLATIONS } from "../find/constellations.ts";
import { designationText } from "../find/text.ts";
import type { Called } from "../find/names_file.ts";
import { type Landmark, STAR_RADIUS_M } from "../landmark.ts";
import { formatDistance } from "../lengths.ts";
import { showNotice } from "../notices.ts";
import type { Frame, Overlay } from "../overlay.ts";
import type { Source } from "../source.ts";
import { written, decimal } from "../text/numbers.ts";
import { TEXT } from "../text/text.ts";
import { TreeSource } from "../tree/source.ts";
import { type Vec3, length, sub } from "../vec.ts";
import { constellationOf } from "./constellation.ts";
import { type Recorded, SideFiles, colorOf, magnitudeFrom } from "./details.ts";
import type { PickedStar } from "./pick.ts";
import { temperatureOf } from "./temperature.ts";

const MOST_DESIGNATIONS = 8;
const LONGEST_WAIT_MS = 1000;

/** What the panel asks of the page. */
export interface PanelHost {
  readonly camera: Camera;
  readonly source: Source;
  called(position: Vec3): Promise<Called | null>;
  flyTo(place: Landmark): void;
  focusSky(): void;
}

/** A line of the panel. */
export type Line = [term: string, text: string];

/** What is shown: a star, a place, or a star that is a place. */
export interface Subject {
  star: PickedStar | null;
  place: Landmark | null;
  /** What a table of the page's own says of the place: it has its name and all else from there. */
  row?: readonly Line[];
}

export class Panel implements Overlay {
  private readonly box = document.createElement("section");
  private readonly title = document.createElement("h2");
  private readonly lines = document.createElement("dl");
  private readonly fly = document.createElement("button");
  private readonly mark = document.createElement("div");
  private readonly files: SideFiles | null;
  private subject: Subject | null = null;
  private called: Called | null = null;
  private recorded: Recorded | null = null;
  private loading = false;
  private shown = 0;
  private asked: Promise<void> = Promise.resolve();

  constructor(private readonly host: PanelHost) {
    const { source } = host;
    this.files = source instanceof TreeSource ? new SideFiles(source.pack, source.root) : null;
    this.box.id = "panel";
    this.box.hidden = true;
    this.box.setAttribute("aria-label", TEXT.panel.label);
    this.title.tabIndex = -1;
    this.title.setAttribute("aria-live", "polite");
    this.fly.textContent = TEXT.panel.fly;
    this.fly.addEventListener("click", () => void this.go());
    const close = Object.assign(document.createElement("button"), { textContent: TEXT.panel.close });
    close.addEventListener("click", () => this.close());
    const buttons = Object.assign(document.createElement("p"), { className: "buttons" });
    for (const button of [this.fly, close]) button.type = "button";
    buttons.append(this.fly, close);
    this.box.append(this.title, this.lines, buttons);
    this.box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
    this.mark.className = "picked";
    this.mark.hidden = true;
    element("labels").after(this.mark, this.box);
  }

  /** What is shown now. */
  get current(): Subject | null {
    return this.subject;
  }

  /** Tells of `subject`, at first what is at hand. `byKey`: who came by the keyboard is taken to the panel. */
  show(subject: Subject, byKey: boolean): Promise<void> {
    this.shown++;
    [this.subject, this.called, this.recorded] = [subject, null, null];
    this.loading = true;
    this.box.hidden = false;
    this.write();
    if (byKey) this.fly.focus();
    this.asked = this.look(subject, this.shown);
    return this.asked;
  }

  private async look({ star, place, row }: Subject, number: number): Promise<void> {
    const told = <T>(asked: Promise<T>): Promise<T | null> =>
      asked.catch((reason: unknown) => {
        showNotice(messageOf(reason));
        return null;
      });
    const [called, recorded] = await Promise.all([
      row ? null : told(this.host.called(star?.home ?? place?.position ?? [0, 0, 0])),
      star && this.files ? told(this.files.recordsOf(star)) : null,
    ]);
    if (number !== this.shown) return;
    [this.called, this.recorded, this.loading] = [called, recorded, false];
    this.write();
  }

  /** Flies to what is shown, once it is known what it is called, or after a second. */
  async go(): Promise<void> {
    const { subject, shown } = this;
    if (!subject) return;
    await Promise.race([this.asked, new Promise((resolve) => setTimeout(resolve, LONGEST_WAIT_MS))]);
    if (shown !== this.shown) return;
    const place = this.called?.place ?? subject.place ?? this.nameless(subject.star);
    this.close();
    if (place) this.host.flyTo(place);
  }

  close(): void {
    this.shown++;
    this.subject = null;
    this.box.hidden = this.mark.hidden = true;
    this.host.focusSky();
  }

  draw({ camera, size, atRest }: Frame): void {
    if (!this.subject) return;
    const { star } = this.subject;
    const { store } = this.host.source;
    if (star && store.cells.has(star.cell)) star.position = store.placeOf(star.at, star.cell); // it may have moved
    const at = camera.project(this.position, size.width, size.height);
    this.mark.hidden = !at;
    if (at) this.mark.style.transform = `translate(${at.x.toFixed(1)}px, ${at.y.toFixed(1)}px)`;
    if (atRest) this.write();
  }

  private get position(): Vec3 {
    return this.subject?.star?.position ?? this.subject?.place?.position ?? [0, 0, 0];
  }

  private get name(): string {
    const number = this.recorded?.identifier;
    const known = this.called?.place.name ?? this.subject?.place?.name;
    return known ?? (number === null || number === undefined ? TEXT.places.star : `${TEXT.places.star} ${number}`);
  }

  private nameless(star: PickedStar | null): Landmark | null {
    if (!star) return null;
    const id = `star-at-${star.home.join()}`;
    return {
      id,
      name: this.name,
      kind: "star",
      position: star.home,
      radiusM: STAR_RADIUS_M,
      description: TEXT.places.star,
    };
  }

  private write(): void {
    if (this.title.textContent !== this.name) this.title.textContent = this.name;
    const parts = this.facts().flatMap(([term, text]) => [
      Object.assign(document.createElement("dt"), { textContent: term }),
      Object.assign(document.createElement("dd"), { textContent: text }),
    ]);
    this.lines.replaceChildren(...parts);
    this.box.setAttribute("aria-busy", String(this.loading));
  }

  private facts(): Line[] {
    const { camera, source } = this.host;
    const { position, called, recorded } = this;
    const star = this.subject?.star ?? null;
    const lines: Line[] = [];
    const also = [...(called?.names ?? []).filter((name) => !this.name.startsWith(name)), ...this.designations()];
    if (also.length > 0) lines.push([TEXT.panel.called, also.join(" · ")]);
    const number = recorded?.identifier;
    if (typeof number === "bigint") lines.push([TEXT.panel.number, String(number)]);
    if (star) {
      const mags = [magnitudeFrom(star, [0, 0, 0]), magnitudeFrom(star, camera.position)];
      const [sun, here] = mags.map((mag) => decimal(mag, 2));
      const moved = length(camera.position) > 0;
      lines.push([
        TEXT.panel.magnitude,
        [TEXT.panel.fromSun(sun), ...(moved ? [TEXT.panel.fromHere(here)] : [])].join(", "),
      ]);
      if (source instanceof TreeSource)
        lines.push([TEXT.panel.color, colorText(colorOf(star, source.pack.head.palette))]);
    }
    const far = length(position);
    if (far > 0 && !this.subject?.place?.body) {
      const range = recorded?.distancePc?.map((parsecs) =>
        written(parsecs, { maximumSignificantDigits: 4, useGrouping: false }),
      );
      const parts = [
        TEXT.where.fromSun(formatDistance(far)),
        ...(range ? [TEXT.panel.between(range[0], range[1])] : []),
      ];
      if (length(camera.position) > 0)
        parts.push(TEXT.panel.fromHere(formatDistance(length(sub(position, camera.position)))));
      lines.push([TEXT.panel.distance, parts.join(", ")]);
      const short = constellationOf(position);
      lines.push([TEXT.panel.constellation, CONSTELLATIONS.get(short) ?? short]);
    }
    if (recorded?.speedKmS != null) lines.push([TEXT.panel.speed, TEXT.panel.kmS(decimal(recorded.speedKmS, 0))]);
    const about = called?.place.description ?? this.subject?.place?.description;
    if (about) lines.push([TEXT.panel.about, about]);
    lines.push(...(this.subject?.row ?? []));
    if (this.loading) lines.push(["", TEXT.panel.loading]);
    return lines;
  }

  private designations(): string[] {
    const shown = (this.called?.designations ?? []).map(designationText);
    return shown.filter((text) => !this.name.includes(text)).slice(0, MOST_DESIGNATIONS);
  }
}

function colorText(bpRp: number | null): string {
  if (bpRp === null) return TEXT.panel.noColor;
  const kelvin = temperatureOf(bpRp);
  const about = kelvin === null ? [] : [TEXT.panel.kelvin(written(kelvin, { maximumSignificantDigits: 2 }))];
  return [`BP−RP ${decimal(bpRp, 2)}`, ...about].join(", ");
}
