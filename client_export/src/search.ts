/** The search box: a combobox over the landmarks. */
import { type Landmark, isUnlit } from "./landmark.ts";
import { formatDistance } from "./lengths.ts";
import { length } from "./vec.ts";

const MOST_RESULTS = 8;

const plain = (text: string) =>
  text
    .normalize("NFD")
    .replace(/\p{Diacritic}/gu, "")
    .toLowerCase();

/** Up to 8 landmarks for what was typed: names that begin with it, then words that do, then any part of a name. */
export function findLandmarks(landmarks: readonly Landmark[], typed: string): Landmark[] {
  const wanted = plain(typed.trim());
  const rank = (landmark: Landmark) => {
    const name = plain(landmark.name);
    if (name.startsWith(wanted)) return 0;
    if (name.split(/[^\p{L}\p{N}]+/u).some((word) => word.startsWith(wanted))) return 1;
    return name.includes(wanted) || plain(landmark.id).includes(wanted) ? 2 : 3;
  };
  return landmarks
    .map((landmark) => ({ landmark, rank: rank(landmark) }))
    .filter((found) => found.rank < 3)
    .sort((a, b) => a.rank - b.rank || Number(isUnlit(a.landmark)) - Number(isUnlit(b.landmark)))
    .slice(0, MOST_RESULTS)
    .map((found) => found.landmark);
}

export class Search {
  private results: Landmark[] = [];
  private active = 0;

  constructor(
    private readonly input: HTMLInputElement,
    private readonly list: HTMLElement,
    private readonly landmarks: readonly Landmark[],
    private readonly onChoose: (landmark: Landmark) => void,
  ) {
    input.addEventListener("input", () => this.open());
    input.addEventListener("focus", () => this.open());
    input.addEventListener("blur", () => this.close());
    input.addEventListener("keydown", (event) => this.key(event));
  }

  focus(): void {
    this.input.focus();
    this.input.select();
  }

  private open(): void {
    this.results = findLandmarks(this.landmarks, this.input.value);
    this.active = 0;
    this.list.replaceChildren(...this.results.map((landmark, index) => this.option(landmark, index)));
    if (this.results.length === 0) {
      const none = document.createElement("li");
      none.className = "none";
      none.textContent = "No place of that name";
      this.list.append(none);
    }
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.mark();
  }

  private close(): void {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  private option(landmark: Landmark, index: number): HTMLElement {
    const item = document.createElement("li");
    item.id = `search-option-${index}`;
    item.setAttribute("role", "option");
    const name = document.createElement("span");
    name.textContent = landmark.name;
    const about = document.createElement("small");
    const distance = length(landmark.position);
    const unlit = isUnlit(landmark) ? "no light in this universe" : "";
    about.textContent = [landmark.kind.replaceAll("_", " "), distance > 0 ? formatDistance(distance) : "", unlit]
      .filter(Boolean)
      .join(" · ");
    item.append(name, about);
    // Before the input loses its focus, which closes the list.
    item.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.choose(index);
    });
    return item;
  }

  private mark(): void {
    [...this.list.querySelectorAll("[role=option]")].forEach((item, index) => {
      item.setAttribute("aria-selected", String(index === this.active));
      if (index === this.active) {
        this.input.setAttribute("aria-activedescendant", item.id);
        item.scrollIntoView({ block: "nearest" });
      }
    });
  }

  private key(event: KeyboardEvent): void {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0 && this.results.length > 0) {
      event.preventDefault();
      this.active = (this.active + step + this.results.length) % this.results.length;
      this.mark();
    } else if (event.key === "Enter" && !this.list.hidden) {
      this.choose(this.active);
    } else if (event.key === "Escape") {
      this.input.blur();
    }
  }

  private choose(index: number): void {
    const landmark = this.results[index];
    if (!landmark) return;
    this.input.value = landmark.name;
    this.input.blur();
    this.onChoose(landmark);
  }
}
