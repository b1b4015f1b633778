/** The solar system over a sky: its bodies move with the date, are drawn, named, pointed at and flown to. */
import type { Aim } from "../aim.ts";
import type { Camera } from "../camera.ts";
import type { Painter } from "../chart/painter.ts";
import { type PartName, type ChartView, parseShown } from "../chart/part.ts";
import type { Plan } from "../flight.ts";
import type { RenderTarget } from "../gl/textures.ts";
import { type Landmark, SUN } from "../landmark.ts";
import type { MovingPlaces, NamedPlaces } from "../moving_places.ts";
import type { NearLight } from "../nearest.ts";
import { smoothstep } from "../numbers.ts";
import type { Subject } from "../panel/panel.ts";
import type { Spot } from "../panel/pick.ts";
import { AU_M } from "../sky.ts";
import type { View } from "../source.ts";
import type { ScreenSize } from "../star_pass.ts";
import { SUN_RADIUS_M, sunNow } from "../sun.ts";
import { type Vec3, add, length, sub, unit } from "../vec.ts";
import { BodyFlight } from "./bodies_flight.ts";
import type { Body } from "./body.ts";
import type { SolarHost } from "./host.ts";
import type { Layer, LayerView } from "./layer.ts";
import { type ShownMoon, isApart, shownMoons } from "./moons_shown.ts";
import { drawOrbits } from "./orbits_shown.ts";
import { Paths } from "./paths.ts";
import { drawBody, limitOf } from "./picture.ts";
import { REACH_M } from "./reach.ts";
import { RINGED } from "./ring.ts";
import { type Sight, angleBetween, behindSun, sightOf } from "./sight.ts";
import { Smalls } from "./smalls.ts";
import type { SolarSystem } from "./system.ts";
import { linesOf } from "./told.ts";

/** The Sun is shown from here to here, its radii, so that it is from Mercury and not from the middle of the system. */
const SUN_SHOWN_M = [10 * SUN_RADIUS_M, 20 * SUN_RADIUS_M] as const;
/** Large bodies fade within so many days of the ends of their ephemeris. */
const FADE_DAYS = 365;
/** Planets are named to here from the Sun, metres. */
const NAMED_M = 300 * AU_M;
/** So near to a small body, metres, who has come to it goes with it. */
const COMPANY_M = 1e9;
/** Of a globe from above: nearer one does not come, radii. */
const CLOSEST = 1.2;
const [FAMOUS_KINDS, FAMOUS_NUMBERS] = [new Set(["spacecraft", "dwarf planet", "interstellar"]), 4];

export class Solar implements MovingPlaces {
  private sights: Sight[] = [];
  private seenFrom: Vec3 | null = null;
  private seenFovDeg = NaN;
  private moons: readonly ShownMoon[] = [];
  private jumps = -1;
  private readonly smalls: Smalls;
  private readonly paths: Paths;
  private readonly live: Map<string, Body>;
  private offered: NamedPlaces | null = null;
  /** Whether small bodies were named in the last frame. */
  private marked: boolean | null = null;

  constructor(
    private readonly host: SolarHost,
    readonly system: SolarSystem,
    private readonly jdNow: () => number,
  ) {
    this.smalls = new Smalls(system);
    this.paths = new Paths(system);
    this.live = new Map([...system.worlds, ...system.moons, ...system.smalls].map((body) => [body.place.id, body]));
  }

  /** Whether anything of it is near enough to be drawn. */
  get active(): boolean {
    return length(this.host.camera.position) < REACH_M;
  }

  /** Brings all to the date of the clock, once a frame; who is near a body goes with it as time goes on. */
  step(): void {
    const { host, system } = this;
    const jdTdb = this.jdNow();
    const { camera } = host;
    const linked = this.jumps !== host.jumps;
    this.jumps = host.jumps;
    if (jdTdb !== system.jdTdb) {
      const near = linked || host.flying ? null : this.companion();
      const before = near?.place.position;
      system.move(jdTdb);
      if (near && before) camera.position = add(camera.position, sub(system.placeOf(near), before));
      this.seenFrom = null;
    }
    sunNow.place = system.known ? system.sun : [0, 0, 0];
    sunNow.shown = SUN_SHOWN_M;
    if (host.names) this.offer(host.names);
    if (this.active) this.look();
    this.mark(this.active && system.held && this.shows("asteroids"));
    if (!this.active) for (const { place } of [...system.worlds, ...system.moons]) place.body.named = false;
  }

  /** Says of small bodies whether they are named, and which are not there: of all where that changes, else of those that come. */
  private mark(marked: boolean): void {
    const { system } = this;
    for (const body of marked === this.marked ? system.coming : system.smalls) {
      const absent = !system.here(body);
      Object.assign(body.place.body, { named: marked && !absent, absent });
    }
    this.marked = marked;
  }

  /** The body that the camera is near to and goes with: the least of those in whose reach it is. */
  private companion(): Body | null {
    const { camera } = this.host;
    const { system, goal } = this;
    if (Number.isNaN(system.jdTdb)) return null;
    const apart = ({ place }: Body) => length(sub(place.position, camera.position));
    if (goal && !goal.world && system.held && apart(goal) < COMPANY_M) return goal;
    if (!system.known) return null;
    const within = this.globes.filter((body) => apart(body) < (body.world?.influenceM ?? 0));
    return within.sort((a, b) => (a.world?.influenceM ?? 0) - (b.world?.influenceM ?? 0))[0] ?? null;
  }

  /** The body that was asked for; null where there is none at the date. */
  private get goal(): Body | null {
    const { asked } = this;
    return asked && this.system.here(asked) ? asked : null;
  }

  /** The same, though it may not be there at the date. */
  private get asked(): Body | null {
    const place = this.host.names?.goal;
    return (place && this.live.get(place.id)) ?? null;
  }

  /** The worlds, and the moons that are shown. */
  private get globes(): Body[] {
    return [...this.system.worlds, ...this.moons.map(({ body }) => body)];
  }

  /** Lets names know of the bodies. */
  offer(names: NamedPlaces): void {
    const sun = names.places.find(({ id }) => id === SUN.id);
    if (sun) sun.position = sunNow.place;
    if (names === this.offered) return;
    this.offered = names;
    for (const { place } of [...this.system.worlds, ...this.system.moons]) names.name(place);
    for (const { place, row } of this.system.smalls)
      if (FAMOUS_KINDS.has(place.kind) || Number(this.system.orbits?.designation[row]) <= FAMOUS_NUMBERS)
        names.name(place);
    names.sought.add([...this.live.values()].map(({ place }) => place));
  }

  /** The place of a body that a search has found a copy of. */
  placeOf(place: Landmark): Landmark | null {
    const body = this.live.get(place.id);
    if (body) this.system.placeOf(body);
    return body?.place ?? null;
  }

  /** The way to a body; null for a place that is none. */
  flightTo(place: Landmark): (Plan & { arrival: number }) | null {
    const body = this.live.get(place.id);
    if (!body) return null;
    const framed = body.world?.name === RINGED ? 1.5 * place.radiusM : place.radiusM;
    return new BodyFlight(
      this.host.camera,
      () => this.system.placeOf(body),
      () => this.system.sun,
      framed,
    );
  }

  /** What is to be known of the date; empty where all is well. */
  get note(): string {
    if (!this.active) return "";
    const { asked, system } = this;
    return [asked ? system.absence(asked) : "", system.note].filter(Boolean).join(" ");
  }

  /** Large bodies fade at the ends of their dates. */
  private get fade(): number {
    const { known, jdTdb } = this.system;
    return known ? smoothstep(0, FADE_DAYS, this.system.daysLeft(jdTdb)) : 0;
  }

  /** How the large bodies, and the goal, look from the camera. */
  private look(): Sight[] {
    const { camera } = this.host;
    if (this.seenFrom === camera.position && this.seenFovDeg === camera.fovDeg) return this.sights;
    this.seenFrom = camera.position;
    this.seenFovDeg = camera.fovDeg;
    const { system, fade, goal } = this;
    this.moons = fade > 0 ? shownMoons(system.moons, system.worldAt, camera, goal) : [];
    for (const { body } of this.moons) system.placeOf(body);
    const shown = [...(fade > 0 ? this.globes : []), ...(goal && !goal.world && system.held ? [goal] : [])];
    this.sights = shown.map((body) => sightOf(system, body, camera.position));
    this.sights.sort((a, b) => b.distance - a.distance);
    const near = length(sub(camera.position, system.sun)) < NAMED_M;
    for (const { place } of system.worlds) Object.assign(place.body, { named: near && fade > 0, light: 0 });
    for (const { place } of system.moons) Object.assign(place.body, { named: false, light: 0 });
    for (const { body, named } of this.moons) body.place.body.named = named;
    for (const { body, globe, rings } of this.sights) body.place.body.light = (globe + rings) * this.shareOf(body);
    return this.sights;
  }

  /** How much of a body's light is shown. */
  private shareOf(body: Body): number {
    const share = body.moon ? (this.moons.find((shown) => shown.body === body)?.share ?? 0) : 1;
    return body.world ? share * this.fade : 1;
  }

  private shows(part: PartName): boolean {
    return parseShown(this.host.show).has(part);
  }

  /** The most exposure that globes in a view allow. */
  limit(view: View): number {
    return this.active ? limitOf(this.look(), view) : Infinity;
  }

  /** Draws into the light of a frame. */
  draw(layer: Layer, target: RenderTarget, camera: Camera, size: ScreenSize, exposure: number, most: number): void {
    if (!this.active) return;
    const view: LayerView = { size, focal: camera.focalPx(size.height), ...camera.basis() };
    this.smalls.gather(camera, view, exposure, most, this.shows("asteroids"), this.goal?.row ?? -1);
    layer.drawPoints(target, view, this.smalls.values, this.smalls.count);
    for (const sight of this.look()) {
      if (sight.globe === 0 || behindSun(this.system, sight, camera.position, SUN_RADIUS_M)) continue;
      drawBody(layer, target, view, sight, this.shareOf(sight.body), exposure, most);
    }
  }

  /** How many small bodies the last frame drew. */
  get drawn(): number {
    return this.smalls.count;
  }

  /** What is at a spot of the view; null where nothing is. */
  subjectAt({ x, y, reach, width, height }: Spot): Subject | null {
    if (!this.active) return null;
    const { camera } = this.host;
    const focal = camera.focalPx(height);
    let [nearest, found]: [number, Body | null] = [reach, null];
    for (const { body, distance } of this.look().filter(isApart)) {
      const at = camera.project(body.place.position, width, height);
      if (!at) continue;
      const off = Math.hypot(at.x - x, at.y - y) - (focal * body.place.radiusM) / distance;
      if (off < nearest) [nearest, found] = [Math.max(off, 0), body];
    }
    const small = this.smalls.at(x - width / 2, height / 2 - y, nearest);
    if (small) found = this.system.smalls[small.row];
    if (!found) return null;
    const { system } = this;
    const body = found;
    return {
      star: null,
      place: body.place,
      get row() {
        return linesOf(system, sightOf(system, body, camera.position));
      },
    };
  }

  /** The nearest of Sun and worlds, as something to fly by. */
  nearest(place: Vec3): NearLight | null {
    if (length(place) >= REACH_M || !this.system.known) return null;
    const sun = sub(this.system.sun, place);
    let found: NearLight = { distance: length(sun), offset: sun, star: true };
    const { goal } = this;
    for (const body of goal && !goal.world ? [...this.globes, goal] : this.globes) {
      const offset = sub(body.place.position, place);
      const distance = length(offset);
      const stop = CLOSEST * body.place.radiusM;
      if (distance < found.distance) found = { distance, offset, star: true, stop };
    }
    return found;
  }

  /** What of it lies along a unit vector from the camera, within an angle; null where nothing does. */
  aim(ray: Vec3, withinRad: number): Aim | null {
    if (!this.active || !this.system.known) return null;
    const { camera } = this.host;
    let [best, found]: [number, Aim | null] = [0, null];
    const consider = (place: Vec3, radius: number) => {
      const off = sub(place, camera.position);
      const size = Math.min(1, radius / length(off));
      const away = angleBetween(unit(off), ray) - Math.asin(size);
      const score = 1 - away / withinRad;
      if (score > best) [best, found] = [score, { place, light: true, closest: CLOSEST * radius }];
    };
    consider(this.system.sun, SUN_RADIUS_M);
    for (const { body } of this.look().filter(isApart)) consider(body.place.position, body.place.radiusM);
    return found;
  }

  /** Draws orbits on the chart. */
  drawOrbits(painter: Painter, view: ChartView): void {
    if (this.active && this.system.known) drawOrbits(painter, view, this.look(), this.paths);
  }
}
