/** Where the bodies of the solar system are at a date. */
import { AU_M, eclipticOf } from "../sky.ts";
import { written } from "../text/numbers.ts";
import { TEXT } from "../text/text.ts";
import { type Vec3, add, scale, sub } from "../vec.ts";
import type { Orbits } from "./bodies_file.ts";
import { type Body, placeOf } from "./body.ts";
import type { Body as Name, Ephemeris } from "./ephemeris.ts";
import { type MoonBody, moonBody } from "./moon_bodies.ts";
import { type Moon, planetCentreBarycentricAu, planetocentricAu } from "./moons.ts";
import { WORLDS, type World, smallRadiusM } from "./planets.ts";
import { RINGED, RINGS_OUT } from "./ring.ts";
import { firstDayOf, firstJdTdb } from "./spacecraft.ts";
import { Conics } from "./twobody.ts";

/** So far from the epoch of the orbits, years, two-body motion holds to about 0.001 au in the mean of asteroids. */
export const HELD_YR = 1;
/** And beyond this asteroids are anywhere on their orbits, and are not drawn. */
export const LOST_YR = 200;

/**
 * What keeps to the Sun-Earth L2 point, where no ellipse holds it: so many times as far from the Sun as the barycentre of Earth and
 * Moon, of which the Moon has one part in so many. As `L2_RATIO` of `helios/solar/spacecraft.py`; DE440's masses.
 */
const AT_L2 = "James Webb Space Telescope";
const [L2_RATIO, PARTS] = [1.010078, 82.30057];

const DEGREE = Math.PI / 180;
const JD_2000 = 2_451_545;

/** The north pole of a world, axes of the universe. */
function poleOf([ra, dec]: readonly [number, number]): Vec3 {
  const [a, d] = [ra * DEGREE, dec * DEGREE];
  return eclipticOf([Math.cos(d) * Math.cos(a), Math.cos(d) * Math.sin(a), Math.sin(d)]);
}

export class SolarSystem {
  readonly worlds: readonly (Body & { readonly world: World })[];
  readonly moons: readonly MoonBody[];
  readonly smalls: readonly Body[];
  /** Those of them that were not always there. */
  readonly coming: readonly Body[];
  readonly conics: Conics | null;
  /** Metres from the barycentre, axes of the universe, of the Sun's centre. */
  sun: Vec3 = [0, 0, 0];
  /** Where small bodies were when they were last asked for, au from the Sun. */
  private readonly found: Float64Array;
  /** Whether large bodies are known at the date. */
  known = false;
  /** Whether small ones are. */
  held = false;
  jdTdb = NaN;
  /** The date that all small ones were found at. */
  private foundAt = NaN;
  private readonly telescope: number;
  /** From which dates on small bodies are there, TDB. */
  private readonly firsts: readonly number[];
  /** The dates that moons are at. */
  private readonly moved = new Map<Moon, number>();

  constructor(
    private readonly ephemeris: Ephemeris,
    readonly orbits: Orbits | null,
    private readonly listed: readonly Moon[] = [],
  ) {
    const { names } = TEXT.solar;
    this.worlds = WORLDS.map((world) => ({
      place: placeOf(`solar-${world.name}`, names[world.name], world.kind, world.radiusM),
      world,
      moon: null,
      row: -1,
      pole: poleOf(world.pole),
    }));
    this.moons = listed.map(moonBody);
    for (const { place, world } of this.worlds)
      if (world.name === RINGED) place.body.reachM = RINGS_OUT * place.radiusM;
    this.firsts = (orbits?.designation ?? []).map(firstJdTdb);
    this.conics = orbits && new Conics(orbits);
    this.found = new Float64Array(3 * (this.conics?.count ?? 0));
    this.telescope = orbits?.designation.indexOf(AT_L2) ?? -1;
    this.smalls = (orbits?.designation ?? []).map((designation, row) => {
      const { name, kind, hMag } = orbits as Orbits;
      const called = titleOf(designation, name[row], kind[row]);
      const radiusM = kind[row] === "spacecraft" ? 0 : smallRadiusM(hMag[row]);
      return {
        place: this.moving(placeOf(`solar-${designation}`, called, kind[row], radiusM), row),
        world: null,
        moon: null,
        row,
        pole: [0, 0, 1],
      };
    });
    this.coming = this.smalls.filter(({ row }) => this.firsts[row] > -Infinity);
  }

  /** Whether a body is there at the date: spacecraft were not always. */
  here({ row }: Body): boolean {
    return row < 0 || this.jdTdb >= this.firsts[row];
  }

  /** Why a body that was asked for is not there; empty where it is. */
  absence(body: Body): string {
    return this.here(body) ? "" : TEXT.solar.notYet(body.place.name, firstDayOf(body.place.name) ?? "");
  }

  /** Years, either way, from the epoch of the orbits. */
  get age(): number {
    return this.orbits ? Math.abs(this.jdTdb - this.orbits.epochJdTdb) / 365.25 : 0;
  }

  /** Moves all to a Julian date, TDB; true where that is another than before. */
  move(jdTdb: number): boolean {
    if (jdTdb === this.jdTdb) return false;
    this.jdTdb = jdTdb;
    this.known = this.ephemeris.has(jdTdb);
    this.sun = this.known ? this.at("Sun", jdTdb) : [0, 0, 0];
    if (this.known) for (const { world, place } of this.worlds) place.position = this.centre(world.name);
    this.held = this.orbits !== null && this.age < LOST_YR;
    return true;
  }

  /** Where all small bodies are now, au from the Sun: three numbers each. Costs 2 ms for 10,000, once a date. */
  get places(): Float64Array {
    const { conics, orbits, found, jdTdb } = this;
    if (conics && orbits && this.held && this.foundAt !== jdTdb) {
      const days = jdTdb - orbits.epochJdTdb;
      for (let row = 0; row < conics.count; row++) conics.write(row, days, found, 3 * row);
      this.foundAt = jdTdb;
    }
    return found;
  }

  /** Lets a small body's place be found when it is asked for, as most never are. */
  private moving(place: Body["place"], row: number): Body["place"] {
    let [position, at] = [place.position, NaN];
    return Object.defineProperty(place, "position", {
      enumerable: true,
      get: (): Vec3 => {
        if (at !== this.jdTdb && this.held) [position, at] = [this.smallPlace(row), this.jdTdb];
        return position;
      },
    });
  }

  /** Where small body `row` is now, metres from the barycentre. */
  private smallPlace(row: number): Vec3 {
    if (row === this.telescope && this.known) return this.l2(this.jdTdb);
    const { conics, orbits, found, sun } = this;
    if (conics && orbits && this.foundAt !== this.jdTdb) {
      conics.write(row, this.jdTdb - orbits.epochJdTdb, found, 3 * row);
      this.foundAt = NaN;
    }
    return [0, 1, 2].map((axis) => sun[axis] + found[3 * row + axis] * AU_M) as unknown as Vec3;
  }

  /** The Sun-Earth L2 point, metres from the barycentre. */
  private l2(jdTdb: number): Vec3 {
    const [earth, moon] = [this.at("Earth", jdTdb), this.at("Moon", jdTdb)];
    const middle = add(earth, scale(sub(moon, earth), 1 / PARTS));
    return add(this.sun, scale(sub(middle, this.sun), L2_RATIO));
  }

  /** Where a large body is at a Julian date, TDB, metres from the barycentre. */
  at(name: Name, jdTdb: number): Vec3 {
    return scale(this.ephemeris.barycentricAu(name, jdTdb), AU_M);
  }

  /** Where a planet's own centre is now, metres from the barycentre: that of the ephemeris is that of it and its moons. */
  private centre(planet: Name): Vec3 {
    return scale(planetCentreBarycentricAu(planet, this.listed, this.ephemeris, this.jdTdb), AU_M);
  }

  /** The place of a world, metres. */
  readonly worldAt = (name: string): Vec3 =>
    this.worlds.find(({ world }) => world.name === name)?.place.position ?? [0, 0, 0];

  /** Where a body is now, metres; moons, of which most are asked for by nobody, are moved here. */
  placeOf({ place, moon }: Body): Vec3 {
    if (moon && this.known && this.moved.get(moon) !== this.jdTdb) {
      place.position = add(this.worldAt(moon.planet), scale(planetocentricAu(moon, this.jdTdb), AU_M));
      this.moved.set(moon, this.jdTdb);
    }
    return place.position;
  }

  /** How a large body moves past another one now, au a day. */
  speedPast(name: Name, other: Name): Vec3 {
    const [one, two] = [name, other].map((each) => this.ephemeris.barycentricAuPerDay(each, this.jdTdb));
    return sub(one, two);
  }

  /** How small body `row` moves past the Sun now, au a day. */
  smallSpeed(row: number): Vec3 {
    const speed = new Float64Array(3);
    if (this.orbits) this.conics?.writeSpeed(row, this.jdTdb - this.orbits.epochJdTdb, speed);
    return [speed[0], speed[1], speed[2]];
  }

  /** Days to the nearer end of the ephemeris; negative beyond it. */
  daysLeft(jdTdb: number): number {
    const [first, last] = this.ephemeris.jdTdb;
    return Math.min(jdTdb - first, last - jdTdb);
  }

  /** What is to be known of the date; empty where all is well. */
  get note(): string {
    const [first, last] = this.ephemeris.jdTdb.map((jd) => Math.round(2000 + (jd - JD_2000) / 365.25));
    const notes = this.known ? [] : [TEXT.solar.unknown(String(first), String(last - 1))];
    if (this.orbits && this.age > HELD_YR) {
      notes.push(this.held ? TEXT.solar.twoBody(written(Math.round(this.age), {})) : TEXT.solar.lost(String(LOST_YR)));
    }
    return notes.join(" ");
  }
}

/** `1 Ceres`, `1P/Halley`, `Voyager 1`. */
function titleOf(designation: string, name: string, kind: string): string {
  if (name === "" || name === designation) return designation;
  if (kind === "spacecraft") return name;
  return kind === "comet" && !designation.includes("/") ? `${designation}/${name}` : `${designation} ${name}`;
}
