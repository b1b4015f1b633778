/** The place that was searched for: what the page says of it while the camera is on the way there or near. */
import { arrivalDistance } from "./flight.ts";
import { placeOf } from "./landmark_stars.ts";
import { formatDistance } from "./sky.ts";
import type { SplatStore } from "./splat_store.ts";
import type { Landmark } from "./v1.ts";
import { type Vec3, length, sub } from "./vec.ts";

/** Beyond this many times the distance of arrival the place is left, and no longer spoken of. */
const LEFT_BEHIND = 20;
/** Around a place that gives no light of its own stars are looked for within this many of its radii. */
const RADII_AROUND = 2;

export class Destination {
  private landmark: Landmark | null = null;
  private arrived = false;

  constructor(
    private readonly goal: HTMLElement,
    private readonly about: HTMLElement,
    private readonly hint: HTMLElement,
  ) {}

  /** The place, null where there is none or it was left. */
  get current(): Landmark | null {
    return this.landmark;
  }

  set(landmark: Landmark | null): void {
    this.landmark = landmark;
    this.arrived = false;
    for (const part of [this.goal, this.about, this.hint]) part.textContent = "";
  }

  /** Says how far it is from `camera`, and once the camera rests there whether `store` has anything to show of it. */
  show(camera: Vec3, store: SplatStore, atRest: boolean): void {
    if (!this.landmark) return;
    const { name, description, radius_hint: radius } = this.landmark;
    const place = placeOf(this.landmark);
    const distance = length(sub(place, camera));
    const reach = LEFT_BEHIND * arrivalDistance(place, radius);
    if (distance < reach) this.arrived = true;
    if (this.arrived && distance > reach) {
      this.set(null);
      return;
    }
    this.goal.textContent = `${name}   ·   ${formatDistance(distance)} away`;
    this.about.textContent = `   ·   ${description}`;
    if (!atRest) return;
    const empty = !holdsLight(store, place, RADII_AROUND * radius);
    this.hint.textContent = empty ? "No star of it is in this universe: the ring marks its place." : "";
  }
}

/** Whether anything loaded lies within `radius` of `place`, metres. */
function holdsLight(store: SplatStore, place: Vec3, radius: number): boolean {
  return store.cells.some((cell) => {
    if (length(sub(cell.ball.centre, place)) > cell.ball.radius + radius) return false;
    const [x, y, z] = sub(place, cell.origin);
    for (let at = cell.start; at < cell.start + cell.count; at++) {
      const dx = store.place[4 * at] * cell.unitM - x;
      const dy = store.place[4 * at + 1] * cell.unitM - y;
      const dz = store.place[4 * at + 2] * cell.unitM - z;
      if (dx * dx + dy * dy + dz * dz < radius * radius) return true;
    }
    return false;
  });
}
