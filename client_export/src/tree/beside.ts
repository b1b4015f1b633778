/**
 * What a closed cell may hide beside the camera. Its proxies say how much light it has, but one of its stars may be as near as
 * the cell is, and outshine all else: who flies to a star finds it.
 */
import { clamp } from "../numbers.ts";
import type { CellId } from "../v2/cell_id.ts";
import type { IndexCell } from "../v2/index.ts";
import { R_MIN } from "../v2/quantities.ts";
import { type Vec3, length, sub } from "../vec.ts";
import type { Standing } from "./cell_data.ts";

/** Octaves of distance from the Sun in all shells together. */
const OCTAVES = 64;
/** So near, in extents of the cell, a star of it may be. */
const BESIDE = 0.5;

/** Between which distances from the Sun a cell lies, metres. */
function radiiOf({ depth, l }: CellId): [number, number] {
  const shells = 2 ** (depth + 1);
  const radius = (shell: number) => (shell > 0 ? R_MIN * 2 ** ((OCTAVES * shell) / shells) : 0);
  return [radius(l), radius(l + 1)];
}

/**
 * The point of the cell whose coordinates are the nearest to `from`, metres: `from` itself within it. Another point may be
 * nearer, by an eighth of the cell's size, from a depth of 7 on; shallow cells are curved.
 */
export function nearestIn(id: CellId, from: Vec3): Vec3 {
  const { depth, theta, phi } = id;
  const [x, y, z] = from;
  const distance = length(from);
  const r = clamp(distance, radiiOf(id));
  const side = Math.PI / 2 ** depth; // radians, of longitude and of colatitude
  const colatitude = clamp(distance > 0 ? Math.acos(clamp(z / distance, [-1, 1])) : 0, [phi * side, (phi + 1) * side]);
  const middle = (theta + 0.5) * side - Math.PI;
  const turn = Math.atan2(y, x) - middle;
  const longitude = middle + clamp(turn - 2 * Math.PI * Math.round(turn / (2 * Math.PI)), [-side / 2, side / 2]);
  const flat = r * Math.sin(colatitude);
  return [flat * Math.cos(longitude), flat * Math.sin(longitude), r * Math.cos(colatitude)];
}

/**
 * The light, steradians at exposure 1, by which a star of `cell` may outshine the proxies that stand for it, seen from `camera`:
 * from the Sun no star is brighter than the brightest of these.
 */
export function hiddenLight({ brightest, ball }: Standing, { id, extent }: IndexCell, camera: Vec3): number {
  const reach = BESIDE * (extent || ball.radius);
  // No point of the cell is nearer than its shell.
  const [low, high] = radiiOf(id);
  const fromSun = length(camera);
  if (fromSun < low - reach || fromSun > high + reach) return 0;
  const point = nearestIn(id, camera);
  const distance = Math.max(length(sub(point, camera)), 1);
  return distance < reach ? brightest * length(point) ** 2 * (1 / distance ** 2 - 1 / reach ** 2) : 0;
}
