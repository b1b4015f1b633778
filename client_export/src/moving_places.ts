/** What the names of a sky and places that move with the date have of each other. */
import type { Plan } from "./flight.ts";
import type { Landmark } from "./landmark.ts";

/** The names of a sky. */
export interface NamedPlaces {
  /** The place that was asked for; null where there is none. */
  readonly goal: Landmark | null;
  /** The places that are named on the sky. */
  readonly places: readonly Landmark[];
  readonly sought: { add(places: readonly Landmark[]): void };
  /** Names a place on the sky from now on. */
  name(place: Landmark): void;
}

/** Places that move. */
export interface MovingPlaces {
  /** Lets names know of them. */
  offer(names: NamedPlaces): void;
  /** The place of which a search has found a copy; null for one that is none of them. */
  placeOf(place: Landmark): Landmark | null;
  /** The way to one of them; null for a place that is none. */
  flightTo(place: Landmark): (Plan & { arrival: number }) | null;
}

/** Moving places that are read when they are asked for. */
export interface Moving<T extends MovingPlaces = MovingPlaces> {
  /** Resolves when they are here, null where they cannot be read. */
  ready(): Promise<T | null>;
  /** Null until they are here. */
  readonly solar: T | null;
}

/** The place itself of which a search has found a copy. */
export const placeItself = (moving: Moving | null, place: Landmark): Landmark => moving?.solar?.placeOf(place) ?? place;
