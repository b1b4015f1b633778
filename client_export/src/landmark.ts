/** Named places: what is searched for, flown to and written over the sky. */
import { fieldsOf, listOf, parseJson, textOf, vectorOf } from "./json_fields.ts";
import { AU_M } from "./sky.ts";
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
}

/** The place that every universe has. */
export const SUN: Landmark = {
  id: "sun",
  name: "Sun",
  kind: "star",
  position: [0, 0, 0],
  radiusM: AU_M, // a flight ends some of these away
  description: "Our star, the centre of the map",
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
    };
  });
}
