/** Named places: what is searched for, flown to and written over the sky. */
import { fieldsOf, parseJson, textOf } from "./json_fields.ts";
import { countOf, listOf, vectorOf } from "./json_values.ts";
import { AU_M, PARSEC_M } from "./sky.ts";
import { TEXT } from "./text/text.ts";
import type { Vec3 } from "./vec.ts";

export interface Landmark {
  id: string;
  name: string;
  kind: string;
  /** Barycentric mean ecliptic J2000, metres. */
  position: Vec3;
  /** How large the place is, metres; 0 where unknown. */
  radiusM: number;
  description: string;
  /** How many stars the universe has there, as counted when the site was made; absent where nobody counted. */
  stars?: number;
  /**
   * Of a body of the solar system: its light here, steradians at exposure 1, whether it is named, how far out it is drawn, metres, and
   * whether it is not there at the date.
   */
  body?: { light: number; named: boolean; reachM: number; absent?: boolean };
}

/** Of a star that no file lists as a place, metres: around it lies what is its light, and a flight ends by it where none is known. */
export const STAR_RADIUS_M = 1e-3 * PARSEC_M;

/** Whether a place is one star, which its light shows, and not a region. */
export const isStar = ({ kind }: Landmark): boolean => kind === "star" || kind === "exoplanet_host";

/** Whether a place is known to give no light in this universe. */
export const isUnlit = ({ stars }: Landmark): boolean => stars === 0;

/** The place that every universe has. */
export const SUN: Landmark = {
  id: "sun",
  get name() {
    return TEXT.sun.name;
  },
  kind: "star",
  position: [0, 0, 0],
  radiusM: AU_M, // a flight ends some of these away
  get description() {
    return TEXT.sun.about;
  },
};

/** The places that `landmarks.json` lists. `what` names the file in errors. */
export function parseLandmarks(text: string, what: string): Landmark[] {
  return listOf(parseJson(text, what), what).map((entry, row): Landmark => {
    const where = `${what}: landmark ${row}`;
    const fields = fieldsOf(entry, where);
    return {
      id: textOf(fields, "id", where),
      name: textOf(fields, "name", where),
      kind: textOf(fields, "kind", where),
      position: vectorOf(fields, "pos_meters", where),
      radiusM: typeof fields.radius_hint === "number" ? fields.radius_hint : 0,
      description: typeof fields.description === "string" ? fields.description : "",
      ...(fields.stars === undefined ? {} : { stars: countOf(fields, "stars", where) }),
    };
  });
}
