/** Coordinates that are typed: equatorial or galactic. */

const DEGREE = Math.PI / 180;
/** ICRS right ascension and declination of the galactic north pole, galactic longitude of the north celestial pole, degrees:
 * Hipparcos catalogue, ESA SP-1200, vol. 1, sect. 1.5.3. */
const POLE = { ra: 192.85948, dec: 27.12825, l: 122.93192 };

/** ICRS degrees. */
export interface Coordinates {
  ra: number;
  dec: number;
}

/** ICRS coordinates of galactic longitude and latitude, degrees. */
export function fromGalactic(lDeg: number, bDeg: number): Coordinates {
  const [l, b, pole] = [(POLE.l - lDeg) * DEGREE, bDeg * DEGREE, POLE.dec * DEGREE];
  const sin = Math.sin(b) * Math.sin(pole) + Math.cos(b) * Math.cos(pole) * Math.cos(l);
  const east = Math.cos(b) * Math.sin(l);
  const north = Math.sin(b) * Math.cos(pole) - Math.cos(b) * Math.sin(pole) * Math.cos(l);
  const ra = POLE.ra + Math.atan2(east, north) / DEGREE;
  return { ra: ((ra % 360) + 360) % 360, dec: Math.asin(Math.max(-1, Math.min(1, sin))) / DEGREE };
}

const NUMBER = String.raw`[+-]?\d+(?:\.\d*)?`;
const GALACTIC = new RegExp(
  String.raw`^(?:(?:gal(?:actic)?\.?\s*)?l\s*[=:]?\s*(${NUMBER})°?[\s,;]*b\s*[=:]?\s*(${NUMBER})°?|gal(?:actic)?\.?\s+(${NUMBER})°?[\s,;]+(${NUMBER})°?)$`,
);

/** Parts of sexagesimal numbers, and the units after them. */
interface Angle {
  negative: boolean;
  parts: number[];
  hours: boolean;
  degrees: boolean;
}

/**
 * The direction that `text` names: `05 34 31.9 +22 00 52`, `5h34m +22d`, `83.6 22.0`, `l=184.6 b=-5.8`; null for any other
 * text. A right ascension of one number is in degrees unless an `h` follows it, of more it is in hours unless a `d` does.
 */
export function coordinatesOf(text: string): Coordinates | null {
  const plain = text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[−–—]/g, "-")
    .replace(/[’′]/g, "'")
    .replace(/[”″]|''/g, '"')
    .replace(/\b(j2000(\.0)?|icrs)\b/g, " ")
    .trim();
  const galactic = GALACTIC.exec(plain);
  if (galactic) {
    const [l, b] = galactic.slice(1).filter(Boolean).map(Number);
    return Math.abs(b) <= 90 && Math.abs(l) <= 360 ? fromGalactic(l, b) : null;
  }
  const halves = halvesOf(plain.replace(/\b(ra|r\.a\.|dec|decl|de)\b\.?\s*[=:]?/g, " ").trim());
  if (!halves) return null;
  const [ra, dec] = halves.map(angleOf);
  if (!ra || !dec || ra.negative || ra.parts.length === 0 || dec.hours) return null;
  const inHours = ra.hours || (ra.parts.length > 1 && !ra.degrees);
  const found = { ra: valueOf(ra) * (inHours ? 15 : 1), dec: valueOf(dec) };
  return found.ra < 360 && Math.abs(found.dec) <= 90 ? found : null;
}

/** The text before and from the declination on: at a sign, a comma, or in the middle of its numbers. */
function halvesOf(text: string): [string, string] | null {
  if (!/^[\d\s.,:;hdms°'"+-]+$/.test(text)) return null;
  const cut = /^(.*\d[^+-]*?)[\s,;]*([+-].*)$/.exec(text) ?? /^([^,;]+)[,;](.+)$/.exec(text);
  if (cut) return [cut[1], cut[2]];
  const numbers = [...text.matchAll(/\d+(?:\.\d*)?/g)];
  if (numbers.length < 2 || numbers.length % 2 > 0) return null;
  const at = numbers[numbers.length / 2].index;
  return [text.slice(0, at), text.slice(at)];
}

function angleOf(text: string): Angle | null {
  const found =
    /^\s*([+-]?)\s*(\d+(?:\.\d*)?)(?:([hd°:\s]+)(\d+(?:\.\d*)?)(?:([m':\s]+)(\d+(?:\.\d*)?))?)?([hdms°'":\s,;]*)$/.exec(
      text,
    );
  if (!found) return null;
  const [, sign, first, unit = "", second, , third, rest = ""] = found;
  const parts = [first, second, third].filter((part) => part !== undefined).map(Number);
  if (parts.slice(1).some((part) => part >= 60) || (parts.length === 1 && /[ms'"]/.test(rest))) return null;
  const units = unit + (parts.length === 1 ? rest : "");
  return { negative: sign === "-", parts, hours: units.includes("h"), degrees: /[d°]/.test(units) };
}

function valueOf({ negative, parts: [whole, minutes = 0, seconds = 0] }: Angle): number {
  return (negative ? -1 : 1) * (whole + minutes / 60 + seconds / 3600);
}
