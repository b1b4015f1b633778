/** The view as text after `#` or `?`, so that a view is a link: `pos=x,y,z&look=ra,dec&fov=60&ev=0&up=ecliptic&t=2026-11-29`. */
import { type Camera, FOV_RANGE_DEG } from "./camera.ts";
import { EV_RANGE } from "./exposure.ts";
import { clamp } from "./numbers.ts";
import { UP, type UpName, raDecOf, towards } from "./sky.ts";
import type { Vec3 } from "./vec.ts";

/** Where a fresh view looks: the belt of Orion, ICRS degrees. */
export const FRESH_LOOK = [83.8, -1.2] as const;
/** Where a link may lead, metres along each axis: beyond the observable universe, and far below what a float64 squares. */
const PLACE_M = [-1e27, 1e27] as const;

export interface ViewState {
  /** Metres, barycentric mean ecliptic J2000. */
  pos?: Vec3;
  /** ICRS right ascension and declination, degrees. */
  look?: readonly [number, number];
  fov?: number;
  /** Stops of exposure; "auto" where it follows the light, as it does where a link says nothing. */
  ev?: number | "auto";
  up?: UpName;
  /** What is drawn over the sky; see `parseShown` of chart/part.ts. */
  show?: string;
  /** The date of the stars; see `parseDate` of time/date.ts. */
  date?: string;
}

function numbersOf(text: string | null, count: number): number[] | null {
  if (text === null) return null;
  const values = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  return values.length === count && values.every(Number.isFinite) ? values : null;
}

/** What a link asks for; a part that is absent or no number is left out. Later texts win over earlier ones. */
export function parseViewState(...texts: string[]): ViewState {
  const params = new URLSearchParams();
  for (const text of texts) {
    // "+" would be read as a space, but it is the sign of an exponent here: 1e+20.
    const plain = text.replace(/^[#?]/, "").replaceAll("+", "%2B");
    new URLSearchParams(plain).forEach((value, key) => params.set(key, value));
  }
  const state: ViewState = {};
  const pos = numbersOf(params.get("pos"), 3);
  if (pos) state.pos = [clamp(pos[0], PLACE_M), clamp(pos[1], PLACE_M), clamp(pos[2], PLACE_M)];
  const look = numbersOf(params.get("look"), 2);
  if (look && Math.abs(look[1]) <= 90) state.look = [look[0], look[1]];
  const fov = numbersOf(params.get("fov"), 1);
  if (fov) state.fov = clamp(fov[0], FOV_RANGE_DEG);
  const ev = numbersOf(params.get("ev"), 1);
  if (ev) state.ev = clamp(ev[0], EV_RANGE);
  else if (params.get("ev") === "auto") state.ev = "auto";
  const up = params.get("up");
  if (up !== null && Object.hasOwn(UP, up)) state.up = up as UpName;
  const show = params.get("show");
  if (show && /^[a-z,]+$/.test(show)) state.show = show;
  const date = params.get("t");
  if (date) state.date = date;
  return state;
}

/** The link text of a view; reading it back gives the same position to the last bit and the look to 1e-9 degrees. */
export function formatViewState(camera: Camera, ev: number | "auto", show = "", date = ""): string {
  const { ra, dec } = raDecOf(camera.forward);
  const angle = (deg: number) => String(Number(deg.toFixed(9)));
  const up = camera.upName === "ecliptic" ? "" : `&up=${camera.upName}`;
  const shown = show && `&show=${show}`;
  const then = date && `&t=${encodeURIComponent(date)}`;
  return `#pos=${camera.position.join(",")}&look=${angle(ra)},${angle(dec)}&fov=${angle(camera.fovDeg)}&ev=${ev}${up}${shown}${then}`;
}

/** Moves `camera` to what the state names, leaving the rest. */
export function applyViewState(state: ViewState, camera: Camera): void {
  if (state.pos) camera.position = state.pos;
  if (state.up) camera.upName = state.up;
  if (state.fov) camera.fovDeg = state.fov;
  camera.look(state.look ? towards(...state.look) : camera.forward);
}
