/** The bar of a tour: what is told of a stop, how far one is, and buttons. */
import { textButton } from "../buttons.ts";
import { element } from "../element.ts";
import { TEXT } from "../text/text.ts";
import type { Tour } from "./tour_file.ts";

/** Called for what a visitor presses. */
export interface BarEvents {
  onPlay(): void;
  onSkip(by: number): void;
  onLeave(): void;
}

/** What the bar shows: the stop's number from 0, and whether the tour plays or has ended. */
export interface Progress {
  index: number;
  playing: boolean;
  ended: boolean;
}

export class Bar {
  private readonly box = document.createElement("section");
  private readonly title = document.createElement("h2");
  private readonly text = document.createElement("p");
  private readonly count = document.createElement("span");
  private readonly progress = document.createElement("progress");
  private readonly previous: HTMLButtonElement;
  private readonly play: HTMLButtonElement;
  private readonly next: HTMLButtonElement;

  constructor(
    private readonly tour: Tour,
    events: BarEvents,
  ) {
    this.box.id = "tour";
    this.box.setAttribute("aria-label", TEXT.tours.label(tour.title));
    const told = Object.assign(document.createElement("div"), { className: "told" });
    told.setAttribute("aria-live", "polite");
    told.setAttribute("aria-atomic", "true");
    told.append(this.title, this.text);
    this.progress.max = tour.stops.length;
    this.progress.setAttribute("aria-label", TEXT.tours.progress);
    this.previous = textButton(TEXT.tours.previous, () => events.onSkip(-1));
    this.play = textButton(TEXT.tours.pause, () => events.onPlay());
    this.next = textButton(TEXT.tours.next, () => events.onSkip(1));
    const row = Object.assign(document.createElement("div"), { className: "buttons" });
    row.append(
      this.progress,
      this.count,
      this.previous,
      this.play,
      this.next,
      textButton(TEXT.tours.leave, events.onLeave),
    );
    this.box.append(told, row);
    element("pad").after(this.box);
    document.body.classList.add("touring");
  }

  show({ index, playing, ended }: Progress): void {
    const { stops } = this.tour;
    // The same text again would be read out again.
    if (this.title.textContent !== stops[index].title) this.title.textContent = stops[index].title;
    if (this.text.textContent !== stops[index].text) this.text.textContent = stops[index].text;
    this.progress.value = index + 1;
    this.count.textContent = TEXT.tours.of(index + 1, stops.length);
    this.play.textContent = playing ? TEXT.tours.pause : ended ? TEXT.tours.again : TEXT.tours.play;
    setDisabled(this.previous, index === 0);
    setDisabled(this.next, index === stops.length - 1);
  }

  /** Where `target` is part of it. */
  holds(target: EventTarget | null): boolean {
    return target instanceof Node && this.box.contains(target);
  }

  /** Takes the keyboard to its main button. */
  focus(): void {
    this.play.focus({ preventScroll: true });
  }

  remove(): void {
    const focused = this.box.contains(document.activeElement);
    this.box.remove();
    if (focused) element("tours-button").focus();
    document.body.classList.remove("touring");
  }
}

/** A button that cannot be pressed now, but keeps the focus. */
function setDisabled(button: HTMLButtonElement, disabled: boolean): void {
  button.setAttribute("aria-disabled", String(disabled));
}
