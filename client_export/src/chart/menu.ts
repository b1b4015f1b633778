/** The menu "Show": a button, and a panel of checkboxes that opens over it. */
import { PARTS, type PartName } from "./part.ts";
import { TEXT } from "../text/text.ts";

/** Called for what a user ticks, or unticks. */
export interface MenuEvents {
  onPart(part: PartName, shown: boolean): void;
  onNames(): void;
}

export class ShowMenu {
  private readonly boxes = new Map<PartName, HTMLInputElement>();
  private readonly names: HTMLInputElement;

  /** Puts its button before `after`. `absent` cannot be ticked. */
  constructor(after: HTMLElement, absent: readonly PartName[], events: MenuEvents) {
    const panel = Object.assign(document.createElement("div"), { id: "show-menu", popover: "auto" });
    panel.setAttribute("role", "region");
    panel.setAttribute("aria-label", TEXT.show.button);
    this.names = addBox(panel, "names", TEXT.show.names, false, events.onNames);
    for (const part of PARTS) {
      const box = addBox(panel, part, TEXT.show[part], absent.includes(part), () => events.onPart(part, box.checked));
      this.boxes.set(part, box);
    }
    const button = Object.assign(document.createElement("button"), { id: "show-button", type: "button" });
    button.append(TEXT.show.button);
    button.title = TEXT.show.title;
    button.setAttribute("popovertarget", panel.id);
    after.before(button);
    document.body.append(panel);
  }

  /** Ticks what is shown. */
  tick(shown: ReadonlySet<PartName>, names: boolean): void {
    this.names.checked = names;
    for (const [part, box] of this.boxes) box.checked = shown.has(part);
  }
}

function addBox(panel: HTMLElement, name: string, text: string, disabled: boolean, onChange: () => void) {
  const label = document.createElement("label");
  const box = Object.assign(document.createElement("input"), { type: "checkbox", name, disabled });
  box.addEventListener("change", onChange);
  label.append(box, text);
  if (disabled) label.append(Object.assign(document.createElement("small"), { textContent: TEXT.show.absent }));
  panel.append(label);
  return box;
}
