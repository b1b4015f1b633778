/** What stars and places are called: `names.json.gz` of a site, beside its landmarks. */
import { checkVersion, fieldsOf, parseJson } from "../json_fields.ts";
import { listOf } from "../json_values.ts";
import { SiteError } from "../errors.ts";
import { type Landmark, STAR_RADIUS_M } from "../landmark.ts";
import { PARSEC_M } from "../sky.ts";
import { designationText } from "./text.ts";

const VERSION = 1;

/** A place with all that it is called. */
export interface Called {
  place: Landmark;
  /** V, from the Sun; null where it is not catalogued. */
  mag: number | null;
  /** Proper names. */
  names: string[];
  /** As catalogues write them: `alpha1 Cen`, `HIP 71683`, `NGC 1976`. */
  designations: string[];
}

type Row = unknown[];

const split = (value: unknown) => (typeof value === "string" ? value.split(";").filter(Boolean) : []);
const magOf = (value: unknown) => (typeof value === "number" ? value : null);

/** Landmarks with what they are called without a file that says more. */
export function calledLandmarks(landmarks: readonly Landmark[]): Called[] {
  return landmarks.map((place) => ({ place, mag: null, names: [], designations: [] }));
}

/**
 * The landmarks, in their order, and then the other stars that `text` names; `star` says what these are.
 *
 * @throws SiteError where `text`, which is that of the file `what`, is no file of names.
 */
export function parseNames(text: string, what: string, landmarks: readonly Landmark[], star: string): Called[] {
  const fields = fieldsOf(parseJson(text, what), what);
  checkVersion(fields, VERSION, what);
  const places = new Map(rowsOf(fields.places, 4, what).map(([id, ...rest]) => [String(id), rest]));
  const known = calledLandmarks(landmarks).map((each): Called => {
    const [mag, names, designations] = places.get(each.place.id) ?? [];
    return { ...each, mag: magOf(mag), names: split(names), designations: split(designations) };
  });
  const stars = rowsOf(fields.stars, 6, what).map(([x, y, z, mag, names, designations], row): Called => {
    const called = { mag: magOf(mag), names: split(names), designations: split(designations) };
    const position = [x, y, z].map((value) => Number(value) * PARSEC_M) as unknown as Landmark["position"];
    const name = called.names[0] ?? designationText(called.designations[0] ?? "");
    if (!name || !position.every(Number.isFinite)) throw new SiteError(`${what}: star ${row} has no name or no place`);
    const more = called.designations.find((each) => designationText(each) !== name) ?? "";
    const magnitude = called.mag === null ? "" : `V ${called.mag.toFixed(1)}`;
    const description = [star, designationText(more), magnitude].filter(Boolean).join(", ");
    return {
      ...called,
      place: { id: `star-${row}`, name, kind: "star", position, radiusM: STAR_RADIUS_M, description },
    };
  });
  return [...known, ...stars];
}

function rowsOf(value: unknown, columns: number, what: string): Row[] {
  return listOf(value, what).map((row, number) => {
    const list = listOf(row, `${what}: row ${number}`);
    if (list.length !== columns)
      throw new SiteError(`${what}: row ${number} has ${list.length} values, not ${columns}`);
    return list;
  });
}
