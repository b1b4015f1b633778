/** Prints, as JSON, places and velocities that the viewer's reader finds: `read_ephemeris.mts FILE DATES.json`. */
import { readFileSync } from "node:fs";
import {
  BODIES,
  readEphemeris,
} from "../../client_export/src/solar/ephemeris.ts";

const [file, dates] = process.argv.slice(2);
const ephemeris = await readEphemeris(new Uint8Array(readFileSync(file)), file);
const jds = JSON.parse(readFileSync(dates, "utf-8")) as number[];
const states = BODIES.map((body) => [
  jds.map((jd) => ephemeris.barycentricAu(body, jd)),
  jds.map((jd) => ephemeris.heliocentricAu(body, jd)),
  jds.map((jd) => ephemeris.barycentricAuPerDay(body, jd)),
  jds.map((jd) => ephemeris.heliocentricAuPerDay(body, jd)),
]);
process.stdout.write(JSON.stringify(states));
