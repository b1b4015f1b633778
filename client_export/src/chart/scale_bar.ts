/** A bar that says how long it is where one looks from: at the goal, else at the Sun; at the Sun itself, what angle. */
import { SUN } from "../landmark.ts";
import { AU_M, PARSEC_M } from "../sky.ts";
import { written } from "../text/numbers.ts";
import { TEXT } from "../text/text.ts";
import { length, sub } from "../vec.ts";
import type { Painter } from "./painter.ts";
import type { ChartView, Part } from "./part.ts";

const UNITS: readonly (readonly [number, string])[] = [
  [1e6 * PARSEC_M, "Mpc"],
  [1e3 * PARSEC_M, "kpc"],
  [0.1 * PARSEC_M, "pc"],
  [AU_M, "au"],
  [1e3, "km"],
];
const ARCSEC = Math.PI / 648_000;
const ANGLES: readonly (readonly [number, string])[] = [
  [3600 * ARCSEC, "°"],
  [60 * ARCSEC, "′"],
  [ARCSEC, "″"],
];
const ANGLE_STEPS = [1, 2, 5, 10, 20, 30];
/** At most this long, CSS pixels. */
const LONGEST_PX = 150;
const [EDGE_PX, BOTTOM_PX, TICK_PX] = [18, 14, 4];
const COLOR = "rgb(217 221 230 / 75%)";

/** How long a bar is, CSS pixels, and what is written beside it. */
export interface Bar {
  px: number;
  text: string;
}

export class ScaleBar implements Part {
  draw(painter: Painter, { projection, area, goal }: ChartView): void {
    const place = goal ?? SUN;
    const distance = length(sub(place.position, projection.camera.position));
    const bar = distance > 0 ? lengthBar(projection.focal / distance) : angleBar(projection.focal);
    if (!bar) return;
    const at = place.id === SUN.id ? TEXT.sun.at : place.name;
    const [left, y] = [area.left + EDGE_PX, area.bottom - BOTTOM_PX];
    const stroke = (x0: number, y0: number, x1: number, y1: number) => ({ x0, y0, x1, y1, whole0: true, whole1: true });
    const right = left + bar.px;
    const segments = [
      stroke(left, y - TICK_PX, left, y),
      stroke(left, y, right, y),
      stroke(right, y, right, y - TICK_PX),
    ];
    painter.lines(segments, COLOR, 1.5);
    painter.keep({ left, right, top: y - TICK_PX, bottom: y });
    painter.text(distance > 0 ? TEXT.show.sizeAt(bar.text, at) : bar.text, left, y - 14, COLOR, "left");
  }
}

/** The longest round length, 1, 2 or 5 times a power of ten, where a metre is `pxPerMetre`; null beyond all units. */
export function lengthBar(pxPerMetre: number): Bar | null {
  const longest = LONGEST_PX / pxPerMetre;
  const unit = UNITS.find(([metres]) => metres <= longest);
  if (!unit) return null;
  const [metres, name] = unit[1] === "pc" ? [PARSEC_M, "pc"] : unit;
  const power = 10 ** Math.floor(Math.log10(longest / metres));
  const step = [5, 2, 1].find((value) => value * power * metres <= longest) ?? 1;
  const value = Number((step * power).toPrecision(1));
  return { px: value * metres * pxPerMetre, text: `${written(value)} ${name}` };
}

/** The longest round angle at the middle of a view of `focal`, CSS pixels. */
export function angleBar(focal: number): Bar | null {
  const px = (angle: number) => focal * Math.tan(angle);
  for (const [unit, name] of ANGLES) {
    const step = [...ANGLE_STEPS].reverse().find((value) => px(value * unit) <= LONGEST_PX);
    if (step !== undefined) return { px: px(step * unit), text: `${step}${name}` };
  }
  return null;
}
