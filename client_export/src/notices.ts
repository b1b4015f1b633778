/** What went wrong, on the page. How it is shown is read after the first sky, or when something is. */

import { element } from "./element.ts";
import { TEXT } from "./text/text.ts";

/** So many texts are remembered. */
const MOST_PROBLEMS = 1000;

/** Texts of what went wrong so far, the first thousand. */
export const problems: string[] = [];

const panel = () => import("./trouble.ts");

/** Shows a message that can be put away, and `again`, what a user may try then. */
export function showNotice(message: string, again?: () => void): void {
  if (problems.length < MOST_PROBLEMS) problems.push(message);
  panel().then(
    ({ show }) => show(message, again),
    () => (element("notices").textContent = message), // no more than the words: the network is at fault
  );
}

/** Puts away what offers `again`. */
export function clearNotices(again: () => void): void {
  panel().then(
    ({ clear }) => clear(again),
    () => element("notices").replaceChildren(),
  );
}

/** Shows a message instead of the sky: nothing can be drawn. */
export function showFatal(message: string): void {
  problems.push(message);
  const box = Object.assign(document.createElement("div"), { className: "fatal" });
  box.setAttribute("role", "alert");
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: TEXT.again });
  button.addEventListener("click", () => window.location.reload());
  box.append(Object.assign(document.createElement("p"), { textContent: message }), button);
  document.body.classList.add("stopped");
  document.body.append(box);
}
