/** What is under the pointer: the brightest star near it, else a named place. */
import type { Camera } from "../camera.ts";
import type { Landmark } from "../landmark.ts";
import { OWN, type SplatStore, type StoredCell } from "../splat_store.ts";
import { type Vec3, add, dot, length, sub } from "../vec.ts";

/** A star among the loaded ones. */
export interface PickedStar {
  cell: StoredCell;
  /** Its number in the arrays of the store. */
  at: number;
  /** Metres. */
  position: Vec3;
  /** The same at the pack's own date: by which it is named. */
  home: Vec3;
  /** As `SplatStore.luminosityOf` gives it. */
  luminosity: number;
  /** Linear RGB times opacity. */
  light: readonly number[];
}

/** CSS px of the view, and where in it. */
export interface Spot {
  width: number;
  height: number;
  x: number;
  y: number;
  /** How far from there something is still meant. */
  reach: number;
}

/** A star this much fainter counts as if it were as bright but at the edge of the reach. */
const EDGE = 0.1;

/** The star that is meant at `spot`: the brightest, of those about as bright the nearest. Null where none is near. */
export function starAt(store: SplatStore, camera: Camera, spot: Spot): PickedStar | null {
  const focal = camera.focalPx(spot.height);
  const { right, up, forward } = camera.basis();
  let best = 0;
  let found: { cell: StoredCell; at: number; from: Vec3 } | null = null;
  for (const cell of store.cells) {
    if (!cell.points || cell.weight <= 0 || !mayBeNear(cell, camera, spot)) continue;
    const [ox, oy, oz] = sub(cell.origin, camera.position);
    for (let at = cell.start; at < cell.start + cell.count; at++) {
      if (store.means[4 * at + 3] !== OWN) continue;
      const x = ox + store.means[4 * at] * cell.unitM;
      const y = oy + store.means[4 * at + 1] * cell.unitM;
      const z = oz + store.means[4 * at + 2] * cell.unitM;
      const depth = x * forward[0] + y * forward[1] + z * forward[2];
      if (depth <= 0) continue;
      const px = (focal * (x * right[0] + y * right[1] + z * right[2])) / depth + spot.width / 2 - spot.x;
      const py = spot.height / 2 - (focal * (x * up[0] + y * up[1] + z * up[2])) / depth - spot.y;
      const off = (px * px + py * py) / (spot.reach * spot.reach);
      if (off > 1) continue;
      const light = (store.luminosityOf(at, cell) / (x * x + y * y + z * z)) * EDGE ** off;
      if (light <= best) continue;
      best = light;
      found = { cell, at, from: [x, y, z] };
    }
  }
  if (!found) return null;
  // What is told of it later holds when its cell has gone.
  const { cell, at, from } = found;
  const light = [...store.light.subarray(3 * at, 3 * at + 3)];
  const position = add(camera.position, from);
  const home = homeOf(cell, at) ?? position;
  return { cell, at, position, home, luminosity: store.luminosityOf(at, cell), light };
}

/** Where a star was before its cell moved, metres; null where that never did. */
function homeOf({ home, origin, unitM, start }: StoredCell, at: number): Vec3 | null {
  if (!home) return null;
  return origin.map((value, axis) => value + unitM * home[3 * (at - start) + axis]) as unknown as Vec3;
}

/** Whether the ball around a cell may hold what is seen at `spot`. */
function mayBeNear({ ball }: StoredCell, camera: Camera, spot: Spot): boolean {
  const to = sub(ball.centre, camera.position);
  const distance = length(to);
  if (distance <= ball.radius) return true;
  const focal = camera.focalPx(spot.height);
  const { right, up, forward } = camera.basis();
  const [x, y] = [(spot.x - spot.width / 2) / focal, (spot.height / 2 - spot.y) / focal];
  const ray = [0, 1, 2].map((i) => forward[i] + x * right[i] + y * up[i]) as unknown as Vec3;
  const angle = Math.acos(Math.max(-1, Math.min(1, dot(ray, to) / length(ray) / distance)));
  return angle < Math.asin(ball.radius / distance) + (2 * spot.reach) / focal;
}

/** The named place whose middle is nearest to `spot` within its reach; null where none is. */
export function placeAt(
  places: readonly Landmark[],
  positionOf: (place: Landmark) => Vec3,
  camera: Camera,
  spot: Spot,
): Landmark | null {
  let [nearest, found]: [number, Landmark | null] = [spot.reach, null];
  for (const place of places) {
    const at = camera.project(positionOf(place), spot.width, spot.height);
    const off = at ? Math.hypot(at.x - spot.x, at.y - spot.y) : Infinity;
    if (off < nearest) [nearest, found] = [off, place];
  }
  return found;
}
