/**
 * How large a star is, as an estimate from its light and colour alone: a black body of the temperature of its colour that
 * gives the light which the star gives in G. That light is taken to be the black body's at 0.62 um, about the middle of G
 * (Planck's law), which stands in for a bolometric correction, and the Sun's radius belongs to the Sun's light. Where it
 * was compared with measured diameters, Sirius to Betelgeuse, it was right to a quarter.
 */
import { SUN_COLOR, SUN_LUMINOSITY, SUN_RADIUS_M } from "./sun.ts";
import type { Vec3 } from "./vec.ts";

/** h c / k lambda, kelvin, of CODATA 2018's constants. */
const PLANCK_K = 1.438776877e-2 / 0.62e-6;

/**
 * The temperature, kelvin, of a black body of a colour, linear RGB: to 2 % from 2,700 to 20,000 K of the colours that
 * Helios gives to stars.
 */
export function temperatureOf([red, , blue]: Vec3): number {
  const q = Math.log(red / blue);
  return 1 / (1.52331e-4 + 1.0662e-4 * q - 5.2521e-6 * q * q);
}

/** The light of a surface of a colour in G, for its solid angle: in units of its own. */
const brightnessOf = (color: Vec3): number => 1 / Math.expm1(PLANCK_K / temperatureOf(color));

/** The light of the Sun's surface over the solid angle that it covers, at exposure 1. */
const SUN_BRIGHTNESS = SUN_LUMINOSITY / (Math.PI * SUN_RADIUS_M ** 2);

/**
 * The sine of the angular radius of a star that gives `light`, steradians at exposure 1, where one is; its radius over
 * its distance.
 */
export function sizeOfStar(light: number, color: Vec3): number {
  return Math.sqrt((light / Math.PI / SUN_BRIGHTNESS) * (brightnessOf(SUN_COLOR) / brightnessOf(color)));
}
