/** The bar of the clock: its date, buttons, and what is to be known of it. */
import { element } from "../notices.ts";
import { YEARS } from "./date.ts";

const [FIRST, LAST] = YEARS.map((year) => String(year).replace("-", "−"));

export const TEXT = {
  label: "Time",
  date: "Date of the stars",
  back: "Slower, then back",
  play: "Play",
  pause: "Pause",
  on: "Faster",
  now: "Now",
  epoch: "Reset",
  epochTitle: (date: string) => `The date of this sky: ${date}`,
  close: "Close",
  real: "real time",
  day: "1 day a second",
  month: "1 month a second",
  years: (years: string) => (years === "1" ? "1 year a second" : `${years} years a second`),
  backwards: (rate: string) => `back, ${rate}`,
  none: "The stars of this sky stand still: it was made without their motions.",
  straight: "Stars move in straight lines; a speed towards us that is not known counts as none.",
  clouds: "Light that stands for many stars stays.",
  invalid: (text: string) => `“${text}” is no date: type one as 2026-11-29, or a year from ${FIRST} to ${LAST}.`,
};

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
    this.box.setAttribute("aria-label", TEXT.label);
    this.note.setAttribute("role", "status");
    this.play = buttonOf(TEXT.play, events.onPlay);
    const close = buttonOf("×", events.onClose, TEXT.close);
    this.main = epoch === null ? close : this.play;
    const row = Object.assign(document.createElement("div"), { className: "buttons" });
    if (epoch === null) {
      this.note.textContent = TEXT.none;
      row.append(this.note, close);
      this.box.append(row);
    } else {
      this.input.type = "text";
      this.input.setAttribute("aria-label", TEXT.date);
      this.input.autocomplete = "off";
      this.input.spellcheck = false;
      this.input.addEventListener("change", () => events.onDate(this.input.value));
      this.input.addEventListener("keydown", (event) => {
        if (event.key === "Enter") this.input.blur();
      });
      this.rate.className = "rate";
      this.rate.setAttribute("aria-live", "polite");
      const home = buttonOf(TEXT.epoch, events.onEpoch);
      home.title = TEXT.epochTitle(epoch);
      const [back, on] = [-1, 1].map((by) =>
        buttonOf(by < 0 ? "−" : "+", () => events.onRate(by), by < 0 ? TEXT.back : TEXT.on),
      );
      row.append(this.input, back, this.play, on, this.rate, buttonOf(TEXT.now, events.onNow), home, close);
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
    this.play.textContent = playing ? TEXT.pause : TEXT.play;
    // The same text again would be read out again.
    if (this.rate.textContent !== rate) this.rate.textContent = rate;
    if (!this.refused && this.note.textContent !== note) this.note.textContent = note;
  }

  /** Says that what was typed is no date, or takes that back. */
  refuse(text: string | null): void {
    this.refused = text !== null;
    this.input.setAttribute("aria-invalid", String(this.refused));
    if (text !== null) this.note.textContent = TEXT.invalid(text);
  }

  /** Takes the keyboard to its main button. */
  focus(): void {
    this.main.focus({ preventScroll: true });
  }
}

function buttonOf(text: string, onClick: () => void, label = ""): HTMLButtonElement {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
  if (label) {
    button.setAttribute("aria-label", label);
    button.title = label;
  }
  button.addEventListener("click", onClick);
  return button;
}
