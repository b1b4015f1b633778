/** Names of the brightest and largest landmarks in view, over the picture, with a ring around what gives no light. */
import { limitOf } from "./eye.ts";
import { type Landmark, SUN, isStar, isUnlit } from "./landmark.ts";
import type { LandmarkStars } from "./landmark_stars.ts";
import type { Camera } from "./camera.ts";
import type { Box, Frame, Overlay } from "./overlay.ts";
import { sunNow } from "./sun.ts";
import { OMEGA_0 } from "./v2/quantities.ts";
import { type Vec3, dot, length, scale, sub } from "./vec.ts";

const MOST_STARS = 16;
const MOST_OTHERS = 4;
const MOST_BODIES = 16;
/** Of places without light in this universe, which are named last. */
const MOST_UNLIT = 2;
/** Smallest angular radius at which anything but a star is named, radians. */
const SMALLEST_OTHER = 0.004;
/** Stars are named to so many magnitudes below those that are seen. */
const BEYOND_SEEN = 1;
/** Where only stars brighter than this magnitude are seen, as beside a sunlit planet, no place between the stars is named. */
const NO_SKY = 1;
/** About the size of a name on the screen, CSS pixels, for keeping names apart. */
const CHARACTER_PX = 7;
const LINE_PX = 18;
/** Between a place, or the ring around it, and its name. */
const GAP_PX = 9;
const RING_GAP_PX = 5;
/** Beside the star that one has come to, whose glare covers the rest. */
const GLARE_PX = 32;
const SMALLEST_RING_PX = 4;
/** Beside the Sun, nearer than this many times the distance from which it is shown. */
const SUN_GLARE_PX = 96;
const SUN_GLARE = 10_000;
/** Of places that lie together like this only the first is named: the stars of a double are one spot of light. */
const SAME_SPOT_PX = 3;
/** Angular radius from which on one is as good as inside, and no ring is drawn. */
const LARGEST_RING = 0.8;

/** A landmark in view: CSS pixels from the left of the screen and from the top of the labels' box. */
interface Candidate {
  landmark: Landmark;
  x: number;
  y: number;
  /** Radius of its ring; 0: none. */
  ring: number;
  /** Between it and its name. */
  gap: number;
  score: number;
}

/** A candidate, where its name begins and the height of the name's middle. */
type Placed = Candidate & { left: number; line: number };

/** About how wide a name is on the screen, CSS pixels. */
const widthOf = (landmark: Landmark) => CHARACTER_PX * landmark.name.length;

export class Labels implements Overlay {
  visible = true;
  /** Where names are on the screen now. */
  boxes: Box[] = [];
  private readonly names = new Map<string, HTMLElement>();
  private readonly rings = new Map<string, HTMLElement>();

  /** `destination` is the place that was asked for, which is named before all others; `exposure` that of the sky. */
  constructor(
    private readonly container: HTMLElement,
    private readonly landmarks: readonly Landmark[],
    private readonly stars: LandmarkStars,
    private readonly destination: () => Landmark | null,
    private readonly exposure: () => number,
  ) {}

  /** Names shown now. */
  get shown(): string[] {
    return [...this.names.values()].filter((element) => !element.hidden).map((element) => element.textContent ?? "");
  }

  /** What has a name in view, in the order of its right to room, whether names are shown or not. */
  inView(frame: Frame): string[] {
    return withoutOverlaps(this.candidates(frame), frame.size.width).map(({ landmark }) => landmark.name);
  }

  draw(frame: Frame): void {
    const placed = this.visible ? withoutOverlaps(this.candidates(frame), frame.size.width) : [];
    const top = this.container.getBoundingClientRect().top;
    this.boxes = placed.map(({ landmark, left, line }) => {
      const height = top + line;
      return { left, right: left + widthOf(landmark), top: height - LINE_PX / 2, bottom: height + LINE_PX / 2 };
    });
    const shown = new Set(placed.map(({ landmark }) => landmark.id));
    const ringed = new Set(placed.filter(({ ring }) => ring > 0).map(({ landmark }) => landmark.id));
    for (const [id, element] of this.names) element.hidden = !shown.has(id);
    for (const [id, element] of this.rings) element.hidden = !ringed.has(id);
    for (const { landmark, x, y, left, line, ring } of placed) {
      const unlit = isUnlit(landmark) ? " unlit" : "";
      const name = this.elementOf(this.names, landmark, (isStar(landmark) ? "label" : "label place") + unlit);
      if (name.textContent !== landmark.name) name.textContent = landmark.name; // else the page would be laid out anew
      name.style.transform = `translate(${left.toFixed(1)}px, ${line.toFixed(1)}px)`;
      if (ring === 0) continue;
      const circle = this.elementOf(this.rings, landmark, `ring${unlit}`);
      circle.style.width = circle.style.height = `${(2 * ring).toFixed(1)}px`;
      circle.style.transform = `translate(${(x - ring).toFixed(1)}px, ${(y - ring).toFixed(1)}px)`;
    }
  }

  /** What may be named, in the order of its right to room. */
  private candidates({ camera, size }: Frame): Candidate[] {
    const destination = this.destination();
    const first: Candidate[] = [];
    const stars: Candidate[] = [];
    const others: Candidate[] = [];
    const unlit: Candidate[] = [];
    const last: Candidate[] = [];
    const bodies: Candidate[] = [];
    const area = this.container.getBoundingClientRect();
    const focal = camera.focalPx(size.height);
    const limit = limitOf(this.exposure(), focal);
    const discs = this.discs(camera);
    for (const landmark of this.landmarks) {
      const { body } = landmark;
      if (body?.absent || (body && !body.named && landmark.id !== destination?.id)) continue;
      const position = this.stars.positionOf(landmark);
      const at = camera.project(position, size.width, size.height);
      if (!at || at.x < 0 || at.x > size.width || at.y < area.top || at.y > area.bottom) continue;
      const distance = length(sub(position, camera.position));
      const to = scale(sub(position, camera.position), 1 / distance);
      if (discs.some((disc) => disc.distance < distance && dot(disc.to, to) > disc.cosine)) continue;
      const luminosity = this.stars.luminosityOf(landmark);
      const angular = landmark.radiusM / distance;
      const isSun = landmark.id === SUN.id;
      const lit = isSun || luminosity !== undefined || (body !== undefined && body.light > 0);
      const score = body ? body.light : luminosity === undefined ? angular : luminosity / distance ** 2;
      const ring = lit || angular > LARGEST_RING ? 0 : Math.max(SMALLEST_RING_PX, focal * angular);
      const goal = landmark.id === destination?.id;
      const glare = isSun && distance < SUN_GLARE * sunNow.shown[1] ? SUN_GLARE_PX : goal ? GLARE_PX : GAP_PX;
      const disc = body ? (focal * body.reachM) / distance : 0;
      const gap = ring > 0 ? ring + RING_GAP_PX : disc + (body ? GAP_PX : glare);
      const candidate = { landmark, x: at.x, y: at.y - area.top, ring, gap, score };
      if (isSun) {
        if (distance >= sunNow.shown[1]) first.push(candidate);
      } else if (goal) {
        first.push(candidate);
      } else if (body) {
        bodies.push(candidate);
      } else if (lit ? -2.5 * Math.log10((2 * Math.PI * score) / OMEGA_0) > limit + BEYOND_SEEN : limit < NO_SKY) {
        continue;
      } else if (landmark.kind === "galactic_center") {
        (isUnlit(landmark) ? last : first).push(candidate);
      } else if (lit) {
        stars.push(candidate);
      } else if (angular > SMALLEST_OTHER) {
        (isUnlit(landmark) ? unlit : others).push(candidate);
      }
    }
    const best = (list: Candidate[], most: number) => list.sort((a, b) => b.score - a.score).slice(0, most);
    first.sort((a, b) => Number(b.landmark === destination) - Number(a.landmark === destination));
    return [
      ...first,
      ...best(bodies, MOST_BODIES),
      ...best(stars, MOST_STARS),
      ...best(others, MOST_OTHERS),
      ...last,
      ...best(unlit, MOST_UNLIT),
    ];
  }

  /** The bodies before which nothing behind them is seen. */
  private discs(camera: Camera): { to: Vec3; distance: number; cosine: number }[] {
    const solid = this.landmarks.filter(({ body, radiusM }) => body && radiusM > 0 && (body.named || body.light > 0));
    return solid.map(({ position, radiusM }) => {
      const off = sub(position, camera.position);
      const distance = length(off);
      const cosine = Math.sqrt(Math.max(1 - (radiusM / distance) ** 2, 0));
      return { to: scale(off, 1 / distance), distance, cosine };
    });
  }

  private elementOf(elements: Map<string, HTMLElement>, landmark: Landmark, className: string): HTMLElement {
    let element = elements.get(landmark.id);
    if (!element) {
      element = document.createElement("span");
      element.className = className;
      this.container.append(element);
      elements.set(landmark.id, element);
    }
    element.hidden = false;
    return element;
  }
}

/** The candidates with room for their names: to the right of their places, else to the left, else under their rings. */
function withoutOverlaps(candidates: Candidate[], screenWidth: number): Placed[] {
  const kept: Placed[] = [];
  for (const candidate of candidates) {
    const { x, y, ring, gap } = candidate;
    const width = widthOf(candidate.landmark);
    const tries = [
      { left: x + gap, line: y },
      { left: x - gap - width, line: y },
      ...(ring > 0 ? [{ left: x - width / 2, line: y + gap + LINE_PX / 2 }] : []),
    ];
    const found = tries
      .filter(({ left }) => left > 0 && left + width < screenWidth)
      .map((place) => ({ ...candidate, ...place }))
      .find((place) => isFree(place, kept));
    const doubled = kept.some((other) => other.ring === 0 && Math.hypot(other.x - x, other.y - y) < SAME_SPOT_PX);
    if (found && !doubled) kept.push(found);
  }
  return kept;
}

function isFree({ landmark, left, line }: Placed, kept: Placed[]): boolean {
  return !kept.some(
    (other) =>
      Math.abs(other.line - line) < LINE_PX &&
      left < other.left + widthOf(other.landmark) + GAP_PX &&
      other.left < left + widthOf(landmark) + GAP_PX,
  );
}
