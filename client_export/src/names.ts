/** Named places: searched for, flown to and written over the sky. */
import type { Camera } from "./camera.ts";
import { Destination } from "./destination.ts";
import { Flight } from "./flight.ts";
import { Labels } from "./labels.ts";
import { type Landmark, SUN } from "./landmark.ts";
import { LandmarkStars } from "./landmark_stars.ts";
import { element } from "./notices.ts";
import type { Frame, Overlay } from "./overlay.ts";
import { Search } from "./search.ts";
import type { SplatStore, StoredCell } from "./splat_store.ts";

export class Names implements Overlay {
  readonly labels: Labels;
  private readonly stars: LandmarkStars;
  private readonly destination: Destination;
  private readonly search: Search;

  /** `onChoose` is called with a way to the place that a user has chosen. */
  constructor(
    listed: readonly Landmark[],
    private readonly store: SplatStore,
    camera: Camera,
    onChoose: (way: Flight) => void,
  ) {
    const landmarks = listed.some(({ id }) => id === SUN.id) ? listed : [SUN, ...listed];
    this.stars = new LandmarkStars(landmarks);
    this.destination = new Destination(element("goal"), element("about"), element("hint"), store);
    this.labels = new Labels(element("labels"), landmarks, this.stars, () => this.destination.current);
    const [input, list] = [element<HTMLInputElement>("search-input"), element("search-list")];
    this.search = new Search(input, list, landmarks, (landmark) => {
      const luminosity = 2 * Math.PI * (this.stars.luminosityOf(landmark) ?? 0);
      const way = new Flight(camera, () => this.stars.positionOf(landmark), landmark.radiusM, luminosity);
      onChoose(way);
      this.destination.set(landmark, way.arrival);
    });
    for (const cell of store.cells) this.addCell(cell);
  }

  addCell(cell: StoredCell): void {
    this.stars.addCell(this.store, cell);
  }

  draw(frame: Frame): void {
    this.destination.draw(frame);
    this.labels.draw(frame);
  }

  /** The place that was asked for; null where there is none. */
  get goal(): Landmark | null {
    return this.destination.current;
  }

  /** Lets a user type. */
  find(): void {
    this.search.focus();
  }

  /** The place that was flown to is left. */
  leave(): void {
    this.destination.set(null);
  }
}
