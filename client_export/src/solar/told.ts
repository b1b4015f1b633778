/** What the panel tells of a body. */
import { formatDistance } from "../lengths.ts";
import type { Line } from "../panel/panel.ts";
import { decimal, written } from "../text/numbers.ts";
import { TEXT } from "../text/text.ts";
import type { Sight } from "./sight.ts";
import { HELD_YR, type SolarSystem } from "./system.ts";

export function linesOf(system: SolarSystem, { body, distance, fromSun, phase, magnitude }: Sight): Line[] {
  const { panel, solar, where } = TEXT;
  const { moon } = body;
  const { kind, radiusM } = body.place;
  const planet = moon && (solar.names as Record<string, string>)[moon.planet];
  const lines: Line[] = [
    [solar.kind, planet ? solar.moonOf(planet) : ((TEXT.kinds as Record<string, string>)[kind] ?? kind)],
  ];
  lines.push([
    panel.distance,
    `${where.fromSun(formatDistance(fromSun))}, ${panel.fromHere(formatDistance(distance))}`,
  ]);
  if (!Number.isNaN(magnitude)) lines.push([solar.magnitude, panel.fromHere(decimal(magnitude, 1))]);
  if (radiusM > 0) {
    const lit = Math.round(50 * (1 + Math.cos(phase)));
    lines.push([solar.phase, solar.lit(written(lit, {}), written(Math.round((phase * 180) / Math.PI), {}))]);
    const size = formatDistance(2 * radiusM);
    lines.push([solar.size, body.world ? size : solar.about(size)]);
  }
  if (moon && moon.errorDeg > 1) lines.push([panel.about, solar.uncertain(written(moon.errorDeg, {}))]);
  if (!body.world && system.age > HELD_YR)
    lines.push([panel.about, solar.twoBody(written(Math.round(system.age), {}))]);
  return lines;
}
