/** The messages on the page: few at a time, each of which can be put away. */
import { element } from "./element.ts";
import { notices } from "./text/notices.ts";
import { TEXT } from "./text/text.ts";

TEXT.notices ??= notices; // until the texts of the page come

const MOST_NOTICES = 3;
/** Longer messages are cut: a notice is to be read, not to cover the sky. */
const MOST_LETTERS = 300;

const shown = new Map<HTMLElement, (() => void) | undefined>();
let hidden = 0;

function button(text: string, label: string, onClick: () => void): HTMLButtonElement {
  const made = Object.assign(document.createElement("button"), { type: "button", textContent: text });
  made.ariaLabel = label;
  made.addEventListener("click", onClick);
  return made;
}

function put(text: string, ...buttons: HTMLElement[]): HTMLElement {
  const notice = document.createElement("p");
  notice.append(Object.assign(document.createElement("span"), { textContent: text }), ...buttons);
  element("notices").append(notice);
  return notice;
}

/** Tells how many messages there are beside those that are shown. */
function count(): void {
  const box = element("notices");
  box.querySelector(".more")?.remove();
  if (shown.size === 0) hidden = 0;
  if (hidden === 0) return;
  const all = () => {
    for (const notice of shown.keys()) notice.remove();
    shown.clear();
    count();
    element("sky").focus();
  };
  put(TEXT.notices.more(hidden), button("×", TEXT.notices.allAway, all)).className = "more";
}

/**
 * Shows a message that can be put away, and `again`, what a user may try then; after the third only their number grows. What
 * is shown already is not shown twice.
 */
export function show(message: string, again?: () => void): void {
  const text = message.length > MOST_LETTERS ? `${message.slice(0, MOST_LETTERS)}…` : message;
  if ([...shown.keys()].some((notice) => notice.firstChild?.textContent === text)) return;
  if (shown.size >= MOST_NOTICES) hidden++;
  else {
    const close = button("×", TEXT.notices.away, () => {
      shown.delete(notice);
      notice.remove();
      count();
      (element("notices").querySelector("button") ?? element("sky")).focus();
    });
    const buttons = [close];
    if (again) {
      const retry = button(TEXT.again, TEXT.again, () => {
        clear(again);
        element("sky").focus();
        again();
      });
      retry.className = "again";
      buttons.unshift(retry);
    }
    const notice = put(text, ...buttons);
    shown.set(notice, again);
  }
  count();
}

/** Puts away what offers `again`. */
export function clear(again: () => void): void {
  for (const [notice, offered] of shown) {
    if (offered !== again) continue;
    shown.delete(notice);
    notice.remove();
  }
  count();
}
