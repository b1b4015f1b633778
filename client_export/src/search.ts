/** The search box: a combobox over what is found for what is typed. */

import { element } from "./element.ts";
import { TEXT } from "./text/text.ts";

/** A line of the list. */
export interface Result {
  name: string;
  /** What it is, in smaller letters. */
  about: string;
  choose(): void;
}

export class Search {
  private results: Result[] = [];
  private active = 0;
  private asked = 0;

  /** Where the focus came from. */
  private from: HTMLElement | null = null;

  /** `count` tells how many are found, to who does not see the list; `find` gives what is found for a text, the likeliest first; `onError` takes what it throws. */
  constructor(
    private readonly input: HTMLInputElement,
    private readonly list: HTMLElement,
    private readonly count: HTMLElement,
    private readonly find: (typed: string) => Promise<Result[]>,
    private readonly onError: (reason: unknown) => void,
  ) {
    input.addEventListener("input", () => void this.open());
    input.addEventListener("focus", ({ relatedTarget }) => {
      if (relatedTarget instanceof HTMLElement) this.from = relatedTarget;
      void this.open();
    });
    input.addEventListener("blur", () => this.close());
    input.addEventListener("keydown", (event) => void this.key(event));
  }

  focus(): void {
    this.input.focus();
    this.input.select();
  }

  /** Shows what is found for the text in the box; what comes after a newer text is not shown. */
  private async open(): Promise<void> {
    const asked = ++this.asked;
    if (this.list.hidden) this.show([], TEXT.search.waiting);
    let found: Result[] = [];
    let none = TEXT.search.none;
    try {
      found = await this.find(this.input.value);
    } catch (reason) {
      none = TEXT.search.failed;
      this.onError(reason);
    }
    if (asked !== this.asked) return;
    this.show(found, none);
    this.count.textContent = found.length === 0 ? none : TEXT.search.found(found.length);
  }

  private show(found: Result[], none: string): void {
    this.results = found;
    this.active = 0;
    this.list.replaceChildren(...found.map((result, index) => this.option(result, index)));
    if (found.length === 0) {
      this.list.append(Object.assign(document.createElement("li"), { className: "none", textContent: none }));
    }
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.mark();
  }

  private close(): void {
    this.asked++;
    this.list.hidden = true;
    this.count.textContent = "";
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  private option(result: Result, index: number): HTMLElement {
    const item = document.createElement("li");
    item.id = `search-option-${index}`;
    item.setAttribute("role", "option");
    const name = Object.assign(document.createElement("span"), { textContent: result.name });
    const about = Object.assign(document.createElement("small"), { textContent: result.about });
    item.append(name, about);
    // The input keeps its focus, whose loss closes the list. A finger may swipe: only a tap chooses.
    item.addEventListener("pointerdown", (event) => event.preventDefault());
    item.addEventListener("click", () => this.choose(result));
    return item;
  }

  private mark(): void {
    this.input.removeAttribute("aria-activedescendant");
    [...this.list.querySelectorAll("[role=option]")].forEach((item, index) => {
      item.setAttribute("aria-selected", String(index === this.active));
      if (index === this.active) {
        this.input.setAttribute("aria-activedescendant", item.id);
        item.scrollIntoView({ block: "nearest" });
      }
    });
  }

  private async key(event: KeyboardEvent): Promise<void> {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0 && this.results.length > 0) {
      event.preventDefault();
      this.active = (this.active + step + this.results.length) % this.results.length;
      this.mark();
    } else if (event.key === "Enter" && !this.list.hidden) {
      const { active } = this;
      if (active === 0) await this.open(); // who types fast means what is typed, not what was found before
      if (this.results[active]) this.choose(this.results[active]);
    } else if (event.key === "Escape") {
      (this.from ?? element("sky")).focus();
    }
  }

  private choose(result: Result): void {
    this.input.value = result.name;
    this.input.blur();
    result.choose();
  }
}
