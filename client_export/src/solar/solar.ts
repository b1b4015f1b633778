/** The solar system over a sky: its bodies move with the date, are drawn, named, pointed at and flown to. */
import type { Aim } from "../aim.ts";
import type { Camera } from "../camera.ts";
import type { Painter } from "../chart/painter.ts";
import { type PartName, type ChartView, parseShown } from "../chart/part.ts";
import type { Plan } from "../flight.ts";
import type { RenderTarget } from "../gl/textures.ts";
import { type Landmark, SUN } from "../landmark.ts";
import type { Names } from "../names.ts";
import type { NearLight } from "../nearest.ts";
import { smoothstep } from "../numbers.ts";
import type { Subject } from "../panel/panel.ts";
import type { Spot } from "../panel/pick.ts";
import { AU_M } from "../sky.ts";
import type { View } from "../source.ts";
import type { ScreenSize } from "../star_pass.ts";
import { SUN_RADIUS_M, sunNow } from "../sun.ts";
import { type Vec3, add, dot, length, scale, sub, unit } from "../vec.ts";
import { BodyFlight } from "./bodies_flight.ts";
import { FROM_PX, globeSum } from "./globe.ts";
import type { Layer, LayerView } from "./layer.ts";
import { type Path, drawPath, pathOf } from "./orbit_lines.ts";
import { smallMagnitude } from "./planets.ts";
import { RINGED } from "./ring.ts";
import { type Sight, angleBetween, behindSun, sheetOf, sightOf } from "./sight.ts";
import { OMEGA_0 } from "../v2/quantities.ts";
import type { Body, SolarSystem } from "./system.ts";
import { linesOf } from "./told.ts";

/** Beyond this, 1,000 light-hours, no body gives light that any exposure shows. */
export const REACH_M = 299_792_458 * 3.6e6;
/** The Sun is shown from here to here, its radii, so that it is from Mercury and not from the middle of the system. */
const SUN_SHOWN_M = [10 * SUN_RADIUS_M, 20 * SUN_RADIUS_M] as const;
/** Large bodies fade within so many days of the ends of their ephemeris. */
const FADE_DAYS = 365;
/** Planets are named to here from the Sun, metres. */
const NAMED_M = 300 * AU_M;
/** A globe's middle may be so bright by itself, if its radius is far above these px; if below, it may burn out. */
const MOST_BRIGHT = 1.2;
const BRIGHT_PX = 16;
/** Light of a middle that adds nothing to an 8-bit picture. */
const UNSEEN = 1 / 4000;
/** That which small bodies have at least, where they are asked for. */
const MARKED = 0.06;
const GREY: Vec3 = [1.06, 0.99, 0.93];
/** So near to a small body, metres, who has come to it goes with it. */
const COMPANY_M = 1e9;
/** Of a globe from above: nearer one does not come, radii. */
const CLOSEST = 1.2;
const MOON = "Moon";
/** The orbit of the Moon is shown to here from it, metres. */
const MOON_ORBIT_M = 0.2 * AU_M;
const GM_EARTH = 8.997011e-10;
const [FAMOUS_KINDS, FAMOUS_NUMBERS] = [new Set(["spacecraft", "dwarf planet", "interstellar"]), 4];

/** What shows the sky. */
export interface SolarHost {
  readonly camera: Camera;
  readonly names: Names | null;
  readonly flying: boolean;
  /** Which parts of the chart are shown, as a link says it. */
  show: string;
  /** How often a link has set the view. */
  readonly jumps: number;
  invalidate(): void;
}

export class Solar {
  private sights: Sight[] = [];
  private seenFrom: Vec3 | null = null;
  private jumps = -1;
  private points = new Float64Array(0);
  private drawnRows: number[] = [];
  private values = new Float32Array(0);
  private readonly paths = new Map<string, { path: Path; jd: number }>();
  private readonly live: Map<string, Body>;
  private offered: Names | null = null;

  constructor(
    private readonly host: SolarHost,
    readonly system: SolarSystem,
    private readonly jdNow: () => number,
  ) {
    this.live = new Map([...system.worlds, ...system.smalls].map((body) => [body.place.id, body]));
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
      if (near && before) camera.position = add(camera.position, sub(near.place.position, before));
      this.seenFrom = null;
    }
    sunNow.place = system.known ? system.sun : [0, 0, 0];
    sunNow.shown = SUN_SHOWN_M;
    if (host.names) this.offer(host.names);
    if (this.active) this.look();
    const marked = this.active && system.held && this.shows("asteroids");
    for (const { place } of system.smalls) place.body.named = marked;
    if (!this.active) for (const { place } of system.worlds) place.body.named = false;
  }

  /** The body that the camera is near to and goes with: the least of those in whose reach it is. */
  private companion(): Body | null {
    const { camera, names } = this.host;
    const { system } = this;
    if (Number.isNaN(system.jdTdb)) return null;
    const apart = ({ place }: Body) => length(sub(place.position, camera.position));
    const goal = names?.goal && this.live.get(names.goal.id);
    if (goal && !goal.world && system.held && apart(goal) < COMPANY_M) return goal;
    if (!system.known) return null;
    const within = system.worlds.filter((body) => apart(body) < (body.world?.influenceM ?? 0));
    return within.sort((a, b) => (a.world?.influenceM ?? 0) - (b.world?.influenceM ?? 0))[0] ?? null;
  }

  /** Lets names know of the bodies. */
  offer(names: Names): void {
    const sun = names.places.find(({ id }) => id === SUN.id);
    if (sun) sun.position = sunNow.place;
    if (names === this.offered) return;
    this.offered = names;
    for (const { place } of this.system.worlds) names.name(place);
    for (const { place, row } of this.system.smalls)
      if (FAMOUS_KINDS.has(place.kind) || Number(this.system.orbits?.designation[row]) <= FAMOUS_NUMBERS)
        names.name(place);
    names.sought.add([...this.live.values()].map(({ place }) => place));
  }

  /** The place of a body that a search has found a copy of. */
  placeOf(place: Landmark): Landmark | null {
    return this.live.get(place.id)?.place ?? null;
  }

  /** The way to a body; null for a place that is none. */
  flightTo(place: Landmark): (Plan & { arrival: number }) | null {
    const body = this.live.get(place.id);
    if (!body) return null;
    const framed = body.world?.name === RINGED ? 1.5 * place.radiusM : place.radiusM;
    return new BodyFlight(
      this.host.camera,
      () => body.place.position,
      () => this.system.sun,
      framed,
    );
  }

  /** What is to be known of the date; empty where all is well. */
  get note(): string {
    return this.active ? this.system.note : "";
  }

  /** Large bodies fade at the ends of their dates. */
  private get fade(): number {
    const { known, jdTdb } = this.system;
    return known ? smoothstep(0, FADE_DAYS, this.system.daysLeft(jdTdb)) : 0;
  }

  /** How the large bodies, and the goal, look from the camera. */
  private look(): Sight[] {
    const { camera, names } = this.host;
    if (this.seenFrom === camera.position) return this.sights;
    this.seenFrom = camera.position;
    const { system, fade } = this;
    const goal = names?.goal && this.live.get(names.goal.id);
    const shown = [...(fade > 0 ? system.worlds : []), ...(goal && !goal.world && system.held ? [goal] : [])];
    this.sights = shown.map((body) => sightOf(system, body, camera.position));
    this.sights.sort((a, b) => b.distance - a.distance);
    const near = length(sub(camera.position, system.sun)) < NAMED_M;
    for (const { place } of system.worlds) Object.assign(place.body, { named: near && fade > 0, light: 0 });
    for (const { body, globe, rings } of this.sights) body.place.body.light = (globe + rings) * (body.world ? fade : 1);
    return this.sights;
  }

  private shows(part: PartName): boolean {
    return parseShown(this.host.show).has(part);
  }

  /** The most exposure at which no globe in view burns out that is large enough to be looked at. */
  limit({ camera, width, height }: View): number {
    if (!this.active) return Infinity;
    const focal = camera.focalPx(height);
    let most = Infinity;
    for (const sight of this.look()) {
      const { to, distance, body, phase } = sight;
      const size = body.place.radiusM / distance;
      const radius = focal * size;
      if (radius < 2 || !inView(camera, to, Math.asin(Math.min(1, size)), width, height, focal)) continue;
      const peak = peakOf(sight, focal) * (phase > Math.PI / 2 ? Math.max(Math.sin(phase), 1e-4) : 1);
      most = Math.min(most, (MOST_BRIGHT / peak) * (1 + (BRIGHT_PX / radius) ** 3));
    }
    return most;
  }

  /** Draws into the light of a frame. */
  draw(layer: Layer, target: RenderTarget, camera: Camera, size: ScreenSize, exposure: number, most: number): void {
    if (!this.active) return;
    const view: LayerView = { size, focal: camera.focalPx(size.height), ...camera.basis() };
    this.drawSmalls(layer, target, camera, view, exposure, most);
    const { fade } = this;
    for (const sight of this.look()) {
      const { body, to, distance, sun, fromSun, globe, rings } = sight;
      const weight = body.world ? fade : 1;
      if (globe === 0 || behindSun(this.system, sight, camera.position, SUN_RADIUS_M)) continue;
      const size = Math.min(body.place.radiusM / distance, 0.999999);
      const share = smoothstep(...FROM_PX, view.focal * size);
      const color = body.world?.color ?? GREY;
      if (share < 1) {
        const depth = dot(to, view.forward);
        if (depth > 0.1) {
          const light = (weight * (1 - share) * exposure * (globe + rings) * view.focal ** 2) / Math.PI;
          const at = [dot(to, view.right), dot(to, view.up)].map((value) => (view.focal * value) / depth);
          layer.drawPoints(target, view, new Float32Array([...at, ...color.map((c) => Math.min(c * light, most))]), 1);
        }
      }
      if (share === 0) continue;
      const even = 1 - smoothstep(1.5, 6, view.focal * size);
      const bright = exposure * peakOf(sight, view.focal) * Math.max(dot(to, view.forward), 0.05) ** (3 * even);
      const ringed = body.world?.name === RINGED ? exposure * sheetOf(fromSun) : 0;
      layer.drawGlobe(target, view, {
        to,
        size,
        pole: body.pole,
        flat: body.world?.flat ?? 1,
        sun,
        peak: color.map((c) => Math.min(c * bright, most)) as unknown as Vec3,
        sheet: color.map((c) => Math.min(c * ringed, most)) as unknown as Vec3,
        share: weight * share,
      });
    }
  }

  /** Small bodies as points. Costs a pass over all of them: about 1 ms for 10,000. */
  private drawSmalls(
    layer: Layer,
    target: RenderTarget,
    camera: Camera,
    view: LayerView,
    exposure: number,
    most: number,
  ): void {
    const { system } = this;
    const { orbits, places, sun } = system;
    this.drawnRows = [];
    if (!orbits || !system.held) return;
    const count = orbits.designation.length;
    if (this.values.length < 5 * count) this.values = new Float32Array(5 * count);
    if (this.points.length < 2 * count) this.points = new Float64Array(2 * count);
    const { right, up, forward, focal, size } = view;
    const goal = this.host.names?.goal?.id;
    const floor = this.shows("asteroids") ? MARKED : 0;
    const [ox, oy, oz] = sub(camera.position, sun).map((value) => value / AU_M);
    let drawn = 0;
    for (let row = 0; row < count; row++) {
      const [x, y, z] = [places[3 * row] - ox, places[3 * row + 1] - oy, places[3 * row + 2] - oz];
      const depth = x * forward[0] + y * forward[1] + z * forward[2];
      if (depth <= 0) continue;
      const px = (focal * (x * right[0] + y * right[1] + z * right[2])) / depth;
      const py = (focal * (x * up[0] + y * up[1] + z * up[2])) / depth;
      if (Math.abs(px) > size.width / 2 + 8 || Math.abs(py) > size.height / 2 + 8) continue;
      if (orbits.kind[row] === "spacecraft" || Number.isNaN(orbits.hMag[row]) || system.smalls[row].place.id === goal) {
        if (orbits.kind[row] === "spacecraft") this.keep(row, px, py);
        continue;
      }
      const distance = Math.hypot(x, y, z);
      const [sx, sy, sz] = [places[3 * row], places[3 * row + 1], places[3 * row + 2]];
      const fromSun = Math.hypot(sx, sy, sz);
      const cosine = (x * sx + y * sy + z * sz) / distance / fromSun;
      const phase = Math.acos(Math.max(-1, Math.min(1, cosine)));
      const comet = orbits.kind[row] === "comet";
      const magnitude = smallMagnitude(comet, orbits.hMag[row], orbits.slope[row], fromSun, distance, phase);
      const peak = Math.max((exposure * OMEGA_0 * 10 ** (-0.4 * magnitude) * focal ** 2) / Math.PI, floor);
      if (peak < UNSEEN) continue;
      this.keep(row, px, py);
      this.values.set([px, py], 5 * drawn);
      for (let k = 0; k < 3; k++) this.values[5 * drawn + 2 + k] = Math.min(peak * GREY[k], most);
      drawn++;
    }
    layer.drawPoints(target, view, this.values, drawn);
  }

  private keep(row: number, x: number, y: number): void {
    this.points[2 * row] = x;
    this.points[2 * row + 1] = y;
    this.drawnRows.push(row);
  }

  /** How many small bodies the last frame drew or marked. */
  get drawn(): number {
    return this.drawnRows.length;
  }

  /** What is at a spot of the view; null where nothing is. */
  subjectAt({ x, y, reach, width, height }: Spot): Subject | null {
    if (!this.active) return null;
    const { camera } = this.host;
    const focal = camera.focalPx(height);
    let [nearest, found]: [number, Body | null] = [reach, null];
    for (const { body, distance } of this.look()) {
      const at = camera.project(body.place.position, width, height);
      if (!at) continue;
      const off = Math.hypot(at.x - x, at.y - y) - (focal * body.place.radiusM) / distance;
      if (off < nearest) [nearest, found] = [Math.max(off, 0), body];
    }
    for (const row of this.drawnRows) {
      const off = Math.hypot(width / 2 + this.points[2 * row] - x, height / 2 - this.points[2 * row + 1] - y);
      if (off < nearest) [nearest, found] = [off, this.system.smalls[row]];
    }
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
    const goal = this.host.names?.goal && this.live.get(this.host.names.goal.id);
    for (const body of goal && !goal.world ? [...this.system.worlds, goal] : this.system.worlds) {
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
    for (const { body } of this.look()) consider(body.place.position, body.place.radiusM);
    return found;
  }

  /** Draws orbits on the chart. */
  drawOrbits(painter: Painter, view: ChartView): void {
    if (!this.active || !this.system.known) return;
    for (const sight of this.look()) {
      const { body, distance } = sight;
      if (body.world?.name === MOON && distance > MOON_ORBIT_M) continue;
      const hides = (to: Vec3, far: number) =>
        far > distance && angleBetween(to, sight.to) < Math.asin(Math.min(1, body.place.radiusM / distance));
      const path = this.pathOf(body);
      if (path) drawPath(painter, view, path, body.world?.color ?? GREY, 1.05 * body.place.radiusM, hides);
    }
  }

  private pathOf(body: Body): Path | null {
    const { system } = this;
    const known = this.paths.get(body.place.id);
    if (known?.jd === system.jdTdb) return known.path;
    const { place, world, row } = body;
    let path: Path;
    if (world) {
      const centre = world.name === MOON ? "Earth" : "Sun";
      const focus = system.at(centre, system.jdTdb);
      const from = scale(sub(place.position, focus), 1 / AU_M);
      path = pathOf(from, system.speedPast(world.name, centre), focus, centre === "Earth" ? GM_EARTH : undefined);
    } else {
      if (!system.conics || !system.orbits) return null;
      const [one, two] = [new Float64Array(3), new Float64Array(3)];
      const days = system.jdTdb - system.orbits.epochJdTdb;
      system.conics.write(row, days - 0.05, one);
      system.conics.write(row, days + 0.05, two);
      const velocity = [0, 1, 2].map((k) => (two[k] - one[k]) / 0.1) as unknown as Vec3;
      path = pathOf(scale(sub(place.position, system.sun), 1 / AU_M), velocity, system.sun);
    }
    this.paths.set(place.id, { path, jd: system.jdTdb });
    return path;
  }
}

/** The light of a globe's pixel where the Sun stands over it, at exposure 1. */
function peakOf({ globe, body, distance, phase }: Sight, focal: number): number {
  const size = body.place.radiusM / distance;
  return (globe * focal ** 2) / Math.max(globeSum(focal * size, phase), 1e-9);
}

function inView(camera: Camera, to: Vec3, half: number, width: number, height: number, focal: number): boolean {
  const reach = Math.atan(Math.hypot(width, height) / 2 / focal);
  return angleBetween(to, camera.forward) < reach + half;
}
