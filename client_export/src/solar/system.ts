/** Where the bodies of the solar system are at a date. */
import type { Landmark } from "../landmark.ts";
import { AU_M, eclipticOf } from "../sky.ts";
import { written } from "../text/numbers.ts";
import { TEXT } from "../text/text.ts";
import { type Vec3, add, scale, sub } from "../vec.ts";
import type { Orbits } from "./bodies_file.ts";
import type { Body as Name, Ephemeris } from "./ephemeris.ts";
import { WORLDS, type World, smallRadiusM } from "./planets.ts";
import { RINGED, RINGS_OUT } from "./ring.ts";
import { Conics } from "./twobody.ts";

/** So far from the epoch of the orbits, years, two-body motion holds to about 0.001 au in the mean of asteroids. */
export const HELD_YR = 1;
/** And beyond this asteroids are anywhere on their orbits, and are not drawn. */
export const LOST_YR = 200;

/** A body that is a place: a world, or number `row` of the orbits. */
export interface Body {
  readonly place: Landmark & { body: NonNullable<Landmark["body"]> };
  readonly world: World | null;
  readonly row: number;
  /** Unit vector along its north pole, axes of the universe. */
  readonly pole: Vec3;
}

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
  readonly worlds: readonly Body[];
  readonly smalls: readonly Body[];
  readonly conics: Conics | null;
  /** Metres from the barycentre, axes of the universe, of the Sun's centre. */
  sun: Vec3 = [0, 0, 0];
  /** Metres from the Sun of each small body. */
  readonly places: Float64Array;
  /** Whether large bodies are known at the date. */
  known = false;
  /** Whether small ones are. */
  held = false;
  jdTdb = NaN;

  constructor(
    private readonly ephemeris: Ephemeris,
    readonly orbits: Orbits | null,
  ) {
    const { names } = TEXT.solar;
    this.worlds = WORLDS.map((world) => ({
      place: placeOf(`solar-${world.name}`, names[world.name], world.kind, world.radiusM),
      world,
      row: -1,
      pole: poleOf(world.pole),
    }));
    for (const { place, world } of this.worlds)
      if (world?.name === RINGED) place.body.reachM = RINGS_OUT * place.radiusM;
    this.conics = orbits && new Conics(orbits);
    this.places = new Float64Array(3 * (this.conics?.count ?? 0));
    this.smalls = (orbits?.designation ?? []).map((designation, row) => {
      const { name, kind, hMag } = orbits as Orbits;
      const called = titleOf(designation, name[row], kind[row]);
      return {
        place: placeOf(
          `solar-${designation}`,
          called,
          kind[row],
          kind[row] === "spacecraft" ? 0 : smallRadiusM(hMag[row]),
        ),
        world: null,
        row,
        pole: [0, 0, 1],
      };
    });
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
    if (this.known) for (const { world, place } of this.worlds) place.position = this.at((world as World).name, jdTdb);
    const { orbits, conics, places, sun } = this;
    this.held = orbits !== null && this.age < LOST_YR;
    if (!orbits || !conics || !this.held) return true;
    const days = jdTdb - orbits.epochJdTdb;
    for (let row = 0; row < conics.count; row++) {
      conics.write(row, days, places, 3 * row);
      const from = 3 * row;
      this.smalls[row].place.position = [
        sun[0] + places[from] * AU_M,
        sun[1] + places[from + 1] * AU_M,
        sun[2] + places[from + 2] * AU_M,
      ];
    }
    const telescope = orbits.designation.indexOf(AT_L2);
    if (this.known && telescope >= 0) this.smalls[telescope].place.position = this.l2(jdTdb);
    return true;
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

function placeOf(id: string, name: string, kind: string, radiusM: number): Body["place"] {
  const body = { light: 0, named: false, reachM: radiusM };
  return { id, name, kind, position: [0, 0, 0], radiusM, description: "", body };
}
