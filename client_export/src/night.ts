/** How the page as a whole is seen: in red, as eyes that are used to the dark want it, and on the whole screen. */
import { signButton } from "./buttons.ts";
import { showNotice } from "./notices.ts";
import { TEXT } from "./text/text.ts";

const SVG = "http://www.w3.org/2000/svg";
/** Luminance (Rec. 709) as red, of linear light; rows R, G, B, A. */
const RED_BY_LUMINANCE = "0.2126 0.7152 0.0722 0 0  0 0 0 0 0  0 0 0 0 0  0 0 0 1 0";

/** Signs in a box of 16 x 16. */
const HALF_DISC = `<circle cx="8" cy="8" r="5.5" /><path d="M8 2.5a5.5 5.5 0 0 1 0 11z" fill="currentColor" />`;
const CORNERS = `<path d="M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4" />`;

/** What keys may do. */
export interface Looks {
  /** Where the buttons are. */
  box: HTMLElement;
  toggleNight(): void;
  toggleFull(): void;
}

/** Puts the buttons for it on the page. */
export function connectLooks(): Looks {
  const filter = document.createElementNS(SVG, "svg");
  filter.setAttribute("class", "filters");
  filter.setAttribute("aria-hidden", "true");
  filter.innerHTML = `<filter id="night" color-interpolation-filters="linearRGB"><feColorMatrix values="${RED_BY_LUMINANCE}"/></filter>`;
  const night = signButton("night-button", TEXT.looks.night, HALF_DISC);
  const full = signButton("full-button", TEXT.looks.full, CORNERS);
  const toggleNight = (): void => {
    night.setAttribute("aria-pressed", String(document.documentElement.classList.toggle("night")));
  };
  const toggleFull = (): void => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else document.documentElement.requestFullscreen().catch(() => showNotice(TEXT.looks.noFull));
  };
  night.setAttribute("aria-pressed", "false");
  night.addEventListener("click", toggleNight);
  full.addEventListener("click", toggleFull);
  const box = document.createElement("section");
  box.id = "looks";
  box.setAttribute("aria-label", TEXT.looks.group);
  box.append(night);
  // A phone's browser may have no such thing to offer.
  if (document.fullscreenEnabled) box.append(full);
  document.querySelector("header")?.before(box);
  document.body.append(filter);
  return { box, toggleNight, toggleFull };
}
