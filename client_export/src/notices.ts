/** What went wrong, on the page. */

const MOST_NOTICES = 3;

/** An element of the page, which `index.html` has. */
export function element<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as T;
}

/** Texts of all that went wrong so far. */
export const problems: string[] = [];

/** Shows a message that can be put away; after the third only their number grows. */
export function showNotice(message: string): void {
  problems.push(message);
  const box = element("notices");
  if (problems.length > MOST_NOTICES) {
    let more = box.querySelector(".more");
    if (!more) box.append((more = Object.assign(document.createElement("p"), { className: "more" })));
    more.textContent = `and ${problems.length - MOST_NOTICES} more`;
    return;
  }
  const notice = document.createElement("p");
  const close = Object.assign(document.createElement("button"), { type: "button", textContent: "×" });
  close.setAttribute("aria-label", "Put this message away");
  close.addEventListener("click", () => notice.remove());
  notice.append(message, close);
  box.append(notice);
}

/** Shows a message instead of the sky: nothing can be drawn. */
export function showFatal(message: string): void {
  problems.push(message);
  const panel = Object.assign(document.createElement("p"), { className: "fatal", textContent: message });
  panel.setAttribute("role", "alert");
  document.body.classList.add("stopped");
  document.body.append(panel);
}
