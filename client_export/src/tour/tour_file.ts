/** The file of a tour: stops with texts and durations. */
import { SiteError } from "../errors.ts";
import { type Fields, checkVersion, fieldsOf, parseJson, textOf } from "../json_fields.ts";
import { listOf, numberOf } from "../json_values.ts";
import { type ViewState, parseViewState } from "../view_state.ts";

const VERSION = 1;
const SECONDS = [1, 3600] as const;
/** What a stop says as a link does, and how many numbers that has. */
const NUMBERS = { pos: 3, look: 2, fov: 1 } as const;

export interface Stop {
  title: string;
  text: string;
  /** How long one stays once there. */
  seconds: number;
  /** What is flown to, as one would search for it; null where `view` says where. */
  goto: string | null;
  /** What the stop looks like, as a link says it. */
  view: ViewState;
}

export interface Tour {
  title: string;
  stops: Stop[];
}

/** The tour that the file `what` has. @throws SiteError where it is damaged, or of another version. */
export function parseTour(text: string, what: string): Tour {
  const fields = fieldsOf(parseJson(text, what), what);
  checkVersion(fields, VERSION, what);
  const stops = listOf(fields.stops, `${what}: "stops"`).map((entry, number) => {
    const where = `${what}: stop ${number + 1}`;
    return stopOf(fieldsOf(entry, where), where);
  });
  if (stops.length === 0) throw new SiteError(`${what} has no stops`);
  return { title: textOf(fields, "title", what), stops };
}

function stopOf(fields: Fields, where: string): Stop {
  const seconds = numberOf(fields, "seconds", where);
  if (seconds < SECONDS[0] || seconds > SECONDS[1]) {
    throw new SiteError(`${where}: "seconds" is ${seconds}, must be from ${SECONDS[0]} to ${SECONDS[1]}`);
  }
  const goto = fields.goto === undefined ? null : textOf(fields, "goto", where);
  const view = viewOf(fields, where);
  if (goto !== null ? view.pos : !(view.pos ?? view.look ?? view.fov)) {
    throw new SiteError(`${where} must have either "goto" or "pos", "look" or "fov"`);
  }
  return { title: textOf(fields, "title", where), text: textOf(fields, "text", where), seconds, goto, view };
}

/** Read as a link is, but nothing that is wrong is passed over. */
function viewOf(fields: Fields, where: string): ViewState {
  const link = new URLSearchParams();
  for (const [key, count] of Object.entries(NUMBERS)) {
    if (fields[key] === undefined) continue;
    const value = fields[key];
    const list = count === 1 ? [value] : listOf(value, `${where}: "${key}"`);
    if (list.length !== count || !list.every((each) => typeof each === "number")) {
      throw new SiteError(`${where}: "${key}" is ${JSON.stringify(value)}, must be ${count} numbers`);
    }
    link.set(key, list.join());
  }
  for (const key of ["ev", "show"]) if (fields[key] !== undefined) link.set(key, String(fields[key]));
  const view = parseViewState(link.toString().replaceAll("%2B", "+"));
  for (const key of link.keys()) {
    if (!(key in view))
      throw new SiteError(`${where}: "${key}" is ${JSON.stringify(fields[key])}, which no link may say`);
  }
  return view;
}
