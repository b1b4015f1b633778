/** The file of the constellations: stars in space, and the figures that join them. */
import { checkVersion, fieldsOf, parseJson, textOf } from "../json_fields.ts";
import { listOf } from "../json_values.ts";
import { SiteError } from "../errors.ts";
import type { Vec3 } from "../vec.ts";

const VERSION = 1;

export interface FigureStar {
  /** Number in the Bright Star Catalogue. */
  hr: number;
  /** Barycentric mean ecliptic J2000, metres. */
  position: Vec3;
  /** Its light, of any unit, times its distance squared: apparent light is this over the square of a distance. */
  luminosity: number;
}

export interface Figure {
  /** Three letters. */
  id: string;
  name: string;
  /** Which stars, counted from 0, each line joins. */
  pairs: readonly (readonly [number, number])[];
}

export interface FigureFile {
  stars: FigureStar[];
  figures: Figure[];
}

/**
 * What a site's file of constellations says. `what` names the file in errors.
 *
 * @throws SiteError where it is damaged, or of another version.
 */
export function parseFigures(text: string, what: string): FigureFile {
  const fields = fieldsOf(parseJson(text, what), what);
  checkVersion(fields, VERSION, what);
  const stars = listOf(fields.stars, `${what}: "stars"`).map((row, number) =>
    starOf(numbersOf(row, 5, `${what}: star ${number}`)),
  );
  const figures = listOf(fields.figures, `${what}: "figures"`).map((entry, number): Figure => {
    const where = `${what}: figure ${number}`;
    const figure = fieldsOf(entry, where);
    const pairs = listOf(figure.pairs, `${where}: "pairs"`).map((pair) => {
      const [from, to] = numbersOf(pair, 2, `${where}: a pair`);
      if (!(from in stars && to in stars)) throw new SiteError(`${where}: no star ${from} or ${to}`);
      return [from, to] as const;
    });
    return { id: textOf(figure, "id", where), name: textOf(figure, "name", where), pairs };
  });
  return { stars, figures };
}

function starOf([hr, x, y, z, magnitude]: number[]): FigureStar {
  return { hr, position: [x, y, z], luminosity: 10 ** (-0.4 * magnitude) * (x * x + y * y + z * z) };
}

function numbersOf(value: unknown, count: number, what: string): number[] {
  const list = listOf(value, what);
  if (list.length !== count || !list.every(Number.isFinite)) throw new SiteError(`${what} is not ${count} numbers`);
  return list as number[];
}
