/** The bar of the clock: its date, buttons, and what is to be known of it. */
import { textButton } from "../buttons.ts";
import { element } from "../element.ts";
import { TEXT } from "../text/text.ts";
import { YEARS } from "./date.ts";

/** The first and the last year that there are, as a visitor types them. */
const [FIRST, LAST] = YEARS.map((year) => String(year).replace("-", "−"));

/** What is said of a text that is no date. */
export const invalidDate = (text: string): string => TEXT.time.invalid(text, FIRST, LAST);

/** Called for what a visitor presses or types. */
export interface BarEvents {
  onRate(by: number): void;
  onPlay(): void;
  /** Of a text that is no date it says so, by `refuse`. */
  onDate(text: string): void;
  onNow(): void;
  onEpoch(): void;
  onClose(): void;
}

/** What the bar shows. `note` says what is to be known. */
export interface BarState {
  date: string;
  rate: string;
  playing: boolean;
  note: string;
}

export class Bar {
  private readonly box = document.createElement("section");
  private readonly input = document.createElement("input");
  private readonly play: HTMLButtonElement;
  private readonly rate = document.createElement("span");
  private readonly note = document.createElement("p");
  private readonly main: HTMLButtonElement;
  private refused = false;

  /** Without `epoch`, the text of the sky's own date, all it has to say is that stars stand still. */
  constructor(epoch: string | null, events: BarEvents) {
    this.box.id = "time";
    this.box.setAttribute("aria-label", TEXT.time.label);
    this.note.setAttribute("role", "status");
    this.play = textButton(TEXT.time.play, events.onPlay);
    const close = textButton("×", events.onClose, TEXT.time.close);
    this.main = epoch === null ? close : this.play;
    const row = Object.assign(document.createElement("div"), { className: "buttons" });
    if (epoch === null) {
      this.note.textContent = TEXT.time.none;
      row.append(this.note, close);
      this.box.append(row);
    } else {
      this.input.type = "text";
      this.input.setAttribute("aria-label", TEXT.time.date);
      this.input.autocomplete = "off";
      this.input.spellcheck = false;
      this.input.addEventListener("change", () => events.onDate(this.input.value));
      this.input.addEventListener("keydown", (event) => {
        if (event.key === "Enter") this.input.blur();
      });
      this.rate.className = "rate";
      this.rate.setAttribute("aria-live", "polite");
      const home = textButton(TEXT.time.epoch, events.onEpoch);
      home.title = TEXT.time.epochTitle(epoch);
      const [back, on] = [-1, 1].map((by) =>
        textButton(by < 0 ? "−" : "+", () => events.onRate(by), by < 0 ? TEXT.time.back : TEXT.time.on),
      );
      row.append(this.input, back, this.play, on, this.rate, textButton(TEXT.time.now, events.onNow), home, close);
      this.box.append(row, this.note);
    }
    this.box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") events.onClose();
    });
    element("pad").after(this.box);
  }

  get shown(): boolean {
    return !this.box.hidden;
  }

  set shown(shown: boolean) {
    this.box.hidden = !shown;
  }

  show({ date, rate, playing, note }: BarState): void {
    if (document.activeElement !== this.input || playing) this.input.value = date;
    this.play.textContent = playing ? TEXT.time.pause : TEXT.time.play;
    // The same text again would be read out again.
    if (this.rate.textContent !== rate) this.rate.textContent = rate;
    if (!this.refused && this.note.textContent !== note) this.note.textContent = note;
  }

  /** Says that what was typed is no date, or takes that back. */
  refuse(text: string | null): void {
    this.refused = text !== null;
    this.input.setAttribute("aria-invalid", String(this.refused));
    if (text !== null) this.note.textContent = invalidDate(text);
  }

  /** Takes the keyboard to its main button. */
  focus(): void {
    this.main.focus({ preventScroll: true });
  }
}
