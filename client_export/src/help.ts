/** The help: what can be done, and in which language it is said. */
import { element } from "./element.ts";
import { LANGUAGES, LINK } from "./text/language.ts";
import { TEXT } from "./text/text.ts";

/** Builds the dialog, and returns what opens it. */
export function connectHelp(): () => void {
  const dialog = element<HTMLDialogElement>("help");
  const title = Object.assign(document.createElement("h2"), { id: "help-title", textContent: TEXT.help.title });
  title.tabIndex = -1;
  const rows = document.createElement("dl");
  for (const [what, how] of TEXT.help.rows) {
    const term = Object.assign(document.createElement("dt"), { textContent: what });
    const told = document.createElement("dd");
    told.append(...withKeys(how));
    rows.append(term, told);
  }
  const link = Object.assign(document.createElement("p"), { textContent: TEXT.help.link });
  const form = Object.assign(document.createElement("form"), { method: "dialog" });
  form.append(languages(), Object.assign(document.createElement("button"), { textContent: TEXT.help.close }));
  dialog.append(title, rows, link, form);
  return () => {
    dialog.showModal();
    title.focus(); // else the dialog would open at its end, where its first button is
  };
}

/** `[W]` in a text as the key W. */
function withKeys(text: string): (string | HTMLElement)[] {
  return text
    .split(/\[(.+?)\]/)
    .map((part, index) =>
      index % 2 === 0 ? part : Object.assign(document.createElement("kbd"), { textContent: part }),
    );
}

/** Chooses the language: the link says so from then on, and the page starts again at the same view. */
function languages(): HTMLElement {
  const label = Object.assign(document.createElement("label"), { id: "language", textContent: TEXT.help.language });
  const list = document.createElement("select");
  for (const [code, name] of Object.entries(LANGUAGES)) {
    const option = Object.assign(document.createElement("option"), { value: code, lang: code, textContent: name });
    option.selected = code === TEXT.locale;
    list.append(option);
  }
  list.addEventListener("change", () => {
    const address = new URL(window.location.href);
    address.searchParams.set(LINK, list.value);
    window.location.assign(address);
  });
  label.append(list);
  return label;
}
