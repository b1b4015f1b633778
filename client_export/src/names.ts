/** Named places: searched for, flown to and written over the sky. */
import type { Camera } from "./camera.ts";
import { Destination } from "./destination.ts";
import { element } from "./element.ts";
import { messageOf } from "./errors.ts";
import { exposureAt } from "./exposure.ts";
import type { Coordinates } from "./find/coordinates.ts";
import { type Found, Sought } from "./find/sought.ts";
import { Turn } from "./find/turn.ts";
import { Flight, type Plan } from "./flight.ts";
import { Labels } from "./labels.ts";
import { type Landmark, SUN, isUnlit } from "./landmark.ts";
import { LandmarkStars } from "./landmark_stars.ts";
import { formatDistance } from "./lengths.ts";
import { type Moving, type NamedPlaces, placeItself } from "./moving_places.ts";
import { showNotice } from "./notices.ts";
import type { Frame, Overlay } from "./overlay.ts";
import { type Result, Search } from "./search.ts";
import type { Site } from "./site.ts";
import { towards } from "./sky.ts";
import type { SplatStore, StoredCell } from "./splat_store.ts";
import { TEXT } from "./text/text.ts";
import { type Vec3, length } from "./vec.ts";

/** What shows the sky, and goes where a user has chosen to. */
export interface Host {
  readonly camera: Camera;
  readonly source: { readonly store: SplatStore };
  /** What the page was opened with. */
  readonly address: string;
  /** Stops of exposure. */
  readonly ev: number;
  /** Goes a way, or to its end `atOnce`. */
  fly(way: Plan, atOnce: boolean): void;
  /** What is known of the solar system, if the site has any of it. */
  bodies: Moving | null;
}

export class Names implements Overlay, NamedPlaces {
  readonly labels: Labels;
  private readonly landmarks: Landmark[];
  private readonly stars: LandmarkStars;
  private readonly destination: Destination;
  private readonly search: Search;
  readonly sought: Sought;

  private readonly store: SplatStore;
  private readonly camera: Camera;

  constructor(
    listed: readonly Landmark[],
    private readonly host: Host,
    site: Site,
  ) {
    this.camera = host.camera;
    this.store = host.source.store;
    this.landmarks = listed.map((place) => (place.id === SUN.id ? { ...place, name: SUN.name } : place));
    if (!listed.some(({ id }) => id === SUN.id)) this.landmarks.unshift(SUN);
    this.sought = new Sought([...this.landmarks], site, async () => (await host.bodies?.ready())?.offer(this));
    this.stars = new LandmarkStars(this.landmarks);
    this.destination = new Destination(element("goal"), element("about"), element("hint"), this.store);
    this.labels = new Labels(
      element("labels"),
      this.landmarks,
      this.stars,
      () => this.destination.current,
      () => exposureAt(host.ev),
    );
    const [input, list] = [element<HTMLInputElement>("search-input"), element("search-list")];
    const find = async (typed: string) => (await this.sought.find(typed)).map((found) => this.resultOf(found));
    this.search = new Search(input, list, element("search-count"), find, (reason) => showNotice(messageOf(reason)));
    for (const cell of this.store.cells) this.addCell(cell);
    const seek = (address: string, atOnce: boolean) => {
      const name = linkedName(address);
      if (name) void this.seek(name, atOnce);
    };
    seek(host.address, true);
    window.addEventListener("hashchange", () => seek(window.location.href, false));
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

  /**
   * Goes where `name` says, a name or coordinates: at once, or by a flight. Where nothing is called so it says so, and is
   * false. It stays where it is if that is no longer `wanted` once it is known where it is.
   */
  async seek(name: string, atOnce: boolean, wanted = () => true): Promise<boolean> {
    try {
      const found = await this.sought.named(name);
      if (found && wanted()) this.go(found, atOnce);
      if (!found) showNotice(TEXT.places.unknown(name));
      return found !== null;
    } catch (reason) {
      showNotice(messageOf(reason));
      return false;
    }
  }

  /** Flies to a place, or stands there `atOnce`. */
  flyTo(found: Landmark, atOnce = false): void {
    const place = placeItself(this.host.bodies, found);
    this.name(place);
    const luminosity = 2 * Math.PI * (this.stars.luminosityOf(place) ?? 0);
    const body = this.host.bodies?.solar?.flightTo(place);
    const way = body ?? new Flight(this.camera, () => this.stars.positionOf(place), place.radiusM, luminosity);
    this.host.fly(way, atOnce);
    this.destination.set(place, way.arrival);
  }

  /** The places that are named on the sky. */
  get places(): readonly Landmark[] {
    return this.landmarks;
  }

  /** Where a place is drawn, metres. */
  positionOf(place: Landmark): Vec3 {
    return this.stars.positionOf(place);
  }

  /** The place that was flown to is left. */
  leave(): void {
    this.destination.set(null);
  }

  private go(found: Found, atOnce: boolean): void {
    if ("match" in found) {
      this.flyTo(found.match.called.place, atOnce);
    } else {
      this.leave();
      this.host.fly(new Turn(this.camera, towards(found.direction.ra, found.direction.dec)), atOnce);
    }
  }

  private resultOf(found: Found): Result {
    const choose = () => this.go(found, false);
    if ("direction" in found) return { name: coordinatesText(found.direction), about: TEXT.places.turn, choose };
    const { called, by } = found.match;
    const { name, kind, position } = placeItself(this.host.bodies, called.place);
    const distance = length(position);
    const parts = [by === name || name.includes(by) ? "" : by, kindText(kind)];
    parts.push(distance > 0 ? formatDistance(distance) : "", isUnlit(called.place) ? TEXT.places.unlit : "");
    const about = parts.filter(Boolean).join(" · ");
    return { name, about, choose };
  }

  /** Names a place on the sky from now on. */
  name(place: Landmark): void {
    if (this.landmarks.some(({ id }) => id === place.id)) return;
    this.landmarks.push(place);
    this.stars.add(place);
    for (const cell of this.store.cells) this.stars.addCell(this.store, cell);
  }
}

/** What a kind of places is called. */
function kindText(kind: string): string {
  return (TEXT.kinds as Record<string, string>)[kind] ?? kind.replaceAll("_", " ");
}

/** What a link asks for by name: the value of `goto` after `#` or `?`; a `+` in it is one. */
function linkedName(address: string): string | null {
  const { search, hash } = new URL(address);
  const [late, early] = [hash, search].map((text) =>
    new URLSearchParams(text.slice(1).replaceAll("+", "%2B")).get("goto"),
  );
  return late ?? early;
}

function coordinatesText({ ra, dec }: Coordinates): string {
  return `${ra.toFixed(4)}° ${dec < 0 ? "−" : "+"}${Math.abs(dec).toFixed(4)}°`;
}
