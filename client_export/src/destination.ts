/** The place that was searched for: what the page says of it while the camera is on the way there or near. */
import { arrivalDistance } from "./flight.ts";
import { type Landmark, SUN, isUnlit } from "./landmark.ts";
import type { Frame, Overlay } from "./overlay.ts";
import { formatDistance } from "./lengths.ts";
import type { SplatStore } from "./splat_store.ts";
import { TEXT } from "./text/text.ts";
import { type Vec3, length, sub } from "./vec.ts";

/** Beyond this many times the distance of arrival the place is left, and no longer spoken of. */
const LEFT_BEHIND = 20;
/** Around a place that gives no light of its own stars are looked for within this many of its radii. */
const RADII_AROUND = 2;

export class Destination implements Overlay {
  private landmark: Landmark | null = null;
  private arrival = 0;
  private arrived = false;

  constructor(
    private readonly goal: HTMLElement,
    private readonly about: HTMLElement,
    private readonly hint: HTMLElement,
    private readonly store: SplatStore,
  ) {}

  /** The place, null where there is none or it was left. */
  get current(): Landmark | null {
    return this.landmark;
  }

  /** `arrival`: metres, how far from it a flight to it ends. */
  set(landmark: Landmark | null, arrival?: number): void {
    this.landmark = landmark;
    this.arrival = arrival ?? (landmark ? arrivalDistance(landmark.position, landmark.radiusM) : 0);
    this.arrived = false;
    for (const part of [this.goal, this.about, this.hint]) part.textContent = "";
  }

  /** Says how far it is from the camera, and once the camera rests there whether anything is loaded to show of it. */
  draw({ camera, atRest }: Frame): void {
    if (!this.landmark) return;
    const { id, name, description, position, radiusM, body } = this.landmark;
    const distance = length(sub(position, camera.position));
    const reach = LEFT_BEHIND * this.arrival;
    if (distance < reach) this.arrived = true;
    if (this.arrived && distance > reach) {
      this.set(null);
      return;
    }
    this.goal.textContent = TEXT.places.away(name, formatDistance(distance));
    this.about.textContent = description && `   ·   ${description}`;
    if (!atRest) return;
    const empty =
      id !== SUN.id && !body && (isUnlit(this.landmark) || !holdsLight(this.store, position, RADII_AROUND * radiusM));
    this.hint.textContent = empty ? TEXT.places.empty : "";
  }
}

/** Whether anything loaded lies within `radius` of `position`, metres. */
function holdsLight(store: SplatStore, position: Vec3, radius: number): boolean {
  return [...store.cells].some((cell) => {
    if (length(sub(cell.ball.centre, position)) > cell.ball.radius + radius) return false;
    const [x, y, z] = sub(position, cell.origin);
    for (let at = cell.start; at < cell.start + cell.count; at++) {
      const dx = store.means[4 * at] * cell.unitM - x;
      const dy = store.means[4 * at + 1] * cell.unitM - y;
      const dz = store.means[4 * at + 2] * cell.unitM - z;
      if (dx * dx + dy * dy + dz * dz < radius * radius) return true;
    }
    return false;
  });
}
