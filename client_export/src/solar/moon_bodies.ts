/**
 * The moons of `moons.json` as bodies: how bright, in which colour, and in which light.
 *
 * Radii are the file's. Magnitudes: H, G of Bowell et al. 1989 (Asteroids II, 524), G 0.15, with H of the radius and the geometric
 * albedo V as H = 5 log10(1329 km / (D sqrt(p))). Albedos: JPL, Planetary Satellite Physical Parameters, which has those of
 * Saturn's bright moons from Verbiscer et al. 2007 (Science 315, 815) and of Uranus's from Karkoschka 2001 (Icarus 151, 51).
 * Colours: Io and Titan from their mean visible colour, others that of the Moon if large, else that of sunlight.
 */
import { smoothstep } from "../numbers.ts";
import { AU_M } from "../sky.ts";
import { SUN_RADIUS_M } from "../sun.ts";
import { TEXT } from "../text/text.ts";
import { type Vec3, dot, length, scale, sub } from "../vec.ts";
import type { Moon } from "./moons.ts";
import { GREY, type Globe, WORLDS, rgb, smallMagnitude } from "./planets.ts";
import { type Body, placeOf } from "./body.ts";

export interface MoonBody extends Body {
  readonly world: Globe;
  readonly moon: Moon;
}

const ALBEDOS: Readonly<Record<string, number>> = {
  Phobos: 0.071,
  Deimos: 0.068,
  Metis: 0.061,
  Adrastea: 0.1,
  Amalthea: 0.09,
  Thebe: 0.047,
  Io: 0.63,
  Europa: 0.67,
  Ganymede: 0.43,
  Callisto: 0.17,
  Mimas: 0.962,
  Enceladus: 1.375,
  Tethys: 1.229,
  Dione: 0.998,
  Rhea: 0.949,
  Titan: 0.2,
  Hyperion: 0.3,
  Iapetus: 0.6,
  Phoebe: 0.081,
  Miranda: 0.32,
  Ariel: 0.39,
  Umbriel: 0.21,
  Titania: 0.27,
  Oberon: 0.23,
  Puck: 0.104,
  Larissa: 0.091,
  Proteus: 0.096,
  Triton: 0.719,
  Nereid: 0.155,
  Charon: 0.372,
};
/** Of a moon that the table lacks: of dark ones. */
const USUAL_ALBEDO = 0.1;
const SLOPE = 0.15;
/** To this phase angle, degrees, H, G holds; beyond it a globe darkens by Lambert's law. */
const KNOWN_DEG = 120;
const COLORS: Readonly<Record<string, Vec3>> = { Io: rgb(1, 0.86, 0.5), Titan: rgb(1, 0.74, 0.4) };
const LARGE_KM = 200;
const LIKE_THE_MOON = rgb(1, 0.93, 0.84);
/** So near, its radii, who stays goes with it and not with its planet. */
const COMPANY_RADII = 15;

export function moonBody(moon: Moon): MoonBody {
  const { name, radiusKm } = moon;
  const h = 5 * Math.log10(1329 / (2 * radiusKm * Math.sqrt(ALBEDOS[name] ?? USUAL_ALBEDO)));
  const radiusM = 1e3 * radiusKm;
  const world: Globe = {
    name,
    radiusM,
    flat: 1,
    color: COLORS[name] ?? (radiusKm > LARGE_KM ? LIKE_THE_MOON : GREY),
    influenceM: COMPANY_RADII * radiusM,
    magnitude: (phaseDeg) => smallMagnitude(false, h, SLOPE, 1, 1, (phaseDeg * Math.PI) / 180),
    knownDeg: KNOWN_DEG,
  };
  const called = (TEXT.solar.moons as Record<string, string>)[name] ?? name;
  return { place: placeOf(`solar-${name}`, called, "moon", radiusM), world, moon, row: -1, pole: [0, 0, 1] };
}

/** The semi-major axis of a moon's orbit, metres. */
export const orbitM = ({ series }: Moon): number => series.a[0][0] * AU_M;

/** How much of the Sun's disc a moon at `place` sees past its planet, whose centre is at `centre`: 0 in the umbra, 1 outside. */
export function sunlitShare(place: Vec3, centre: Vec3, planetRadiusM: number, sun: Vec3): number {
  const away = sub(centre, sun);
  const fromSun = length(away);
  const off = sub(place, centre);
  const behind = dot(off, away) / fromSun;
  if (behind <= 0) return 1;
  const aside = length(sub(off, scale(away, behind / fromSun)));
  const blur = (SUN_RADIUS_M * behind) / fromSun;
  return smoothstep(planetRadiusM - blur, planetRadiusM + blur, aside);
}

/** The radius of a planet, metres. */
export const planetRadiusM = (planet: string): number => WORLDS.find(({ name }) => name === planet)?.radiusM ?? 0;
