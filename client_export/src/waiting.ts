/** What the page says while it has no sky yet: how much has come, and what does not come. */
import type { Watch } from "./http.ts";
import { TEXT } from "./text/text.ts";

/** A sky that is there sooner needs no words, milliseconds. */
const QUIET_MS = 700;

/** A number of bytes in words. */
export function formatBytes(bytes: number): string {
  const [size, unit] = bytes < 1e3 ? [1, TEXT.bytes] : bytes < 1e6 ? [1e3, "kB"] : [1e6, "MB"];
  return `${(bytes / size).toFixed(size < 1e6 ? 0 : 1)} ${unit}`;
}

/** Says in `place`, until `end` is called, how the first sky comes. */
export function sayWaiting(place: HTMLElement): Watch & { end(): void } {
  let bytes = 0;
  let why = "";
  let quiet = true;
  const text = document.createElement("span");
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: TEXT.waiting.again });
  button.addEventListener("click", () => window.location.reload());
  const tell = () => {
    if (quiet) return;
    text.textContent = why || (bytes > 0 ? TEXT.waiting.loading(formatBytes(bytes)) : TEXT.waiting.server);
    button.hidden = why === "";
  };
  const speak = () => {
    quiet = false;
    place.setAttribute("role", "status");
    place.replaceChildren(text, button);
    tell();
  };
  const timer = setTimeout(speak, QUIET_MS);
  place.replaceChildren();
  return {
    onBytes: (count) => {
      bytes += count;
      why = "";
      tell();
    },
    onWait: (reason, ms) => {
      why = TEXT.waiting.failed(reason, Math.ceil(ms / 1000));
      if (quiet) speak();
      tell();
    },
    end: () => {
      clearTimeout(timer);
      quiet = true;
      place.remove();
    },
  };
}
