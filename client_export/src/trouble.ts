/** What may befall a page that has its sky: the network comes back, or the browser takes the GPU away. */
import { element } from "./element.ts";
import { TEXT } from "./text/text.ts";

export { clear, show } from "./notice_panel.ts";

/** Says while `canvas` has no GPU, and calls `onOnline` when the network is back. */
export function watchTrouble(canvas: HTMLCanvasElement, onOnline: () => void): void {
  window.addEventListener("online", onOnline);
  const button = Object.assign(document.createElement("button"), {
    type: "button",
    className: "again",
    textContent: TEXT.notices.reload,
  });
  button.addEventListener("click", () => window.location.reload());
  const panel = document.createElement("p");
  panel.append(Object.assign(document.createElement("span"), { textContent: TEXT.notices.lost }), button);
  const say = () => element("notices").prepend(panel);
  canvas.addEventListener("webglcontextlost", say);
  canvas.addEventListener("webglcontextrestored", () => panel.remove());
  if (canvas.getContext("webgl2")?.isContextLost()) say();
}
