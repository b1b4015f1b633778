/** Buttons that are made by scripts. */

/** A button with a `text`, and a `name` where that says too little. */
export function textButton(text: string, onClick: () => void, name = ""): HTMLButtonElement {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
  if (name) {
    button.setAttribute("aria-label", name);
    button.title = name;
  }
  button.addEventListener("click", onClick);
  return button;
}

/** A button with a `sign` in a box of 16 x 16 and a name for those who do not see it. */
export function signButton(id: string, label: string, sign: string): HTMLButtonElement {
  const button = Object.assign(document.createElement("button"), { id, type: "button", title: label });
  button.setAttribute("aria-label", label);
  button.innerHTML = `<svg viewBox="0 0 16 16" aria-hidden="true">${sign}</svg>`;
  return button;
}
