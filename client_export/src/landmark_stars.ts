/** The stars that landmarks name, found among the loaded splats: how bright they are and where they are drawn. */
import { type Landmark, isStar } from "./landmark.ts";
import { OWN, type SplatStore, type StoredCell } from "./splat_store.ts";
import { type Vec3, dot, length, scale, sub } from "./vec.ts";

/** Landmark and splat are one star if, from the Sun, they agree to this angle (radians) and share of distance. */
const SAME_ANGLE = 5e-4;
const SAME_DISTANCE = 0.1;
/** So near, as a share of the distance from the Sun, only rounding lies between them: no other star is meant. */
const ROUNDING = 3e-6;
/** Directions are looked up in cubes of this size, which no two of SAME_ANGLE lie farther apart than by one. */
const CUBE = 0.01;
const CUBES = 2 / CUBE + 3;

interface Found {
  /** Luminance times distance squared, in units of the splats' own. */
  luminosity: number;
  /** At the pack's own date. */
  position: Vec3;
  store: SplatStore;
  cell: StoredCell;
  at: number;
  /** It lies where the landmark does, but for rounding. */
  exact: boolean;
}

interface Star {
  landmark: Landmark;
  direction: Vec3;
  distance: number;
}

const cubeOf = (x: number, y: number, z: number): number =>
  (Math.floor((x + 1) / CUBE + 1) * CUBES + Math.floor((y + 1) / CUBE + 1)) * CUBES + Math.floor((z + 1) / CUBE + 1);

export class LandmarkStars {
  private readonly found = new Map<string, Found>();
  /** The stars by the cubes that directions of theirs may be in. */
  private readonly cubes = new Map<number, Star[]>();

  constructor(landmarks: readonly Landmark[]) {
    for (const landmark of landmarks) this.add(landmark);
  }

  /** Looks for the star of `landmark` too, in cells that come from now on. */
  add(landmark: Landmark): void {
    const distance = length(landmark.position);
    if (!isStar(landmark) || distance === 0) return;
    const direction = scale(landmark.position, 1 / distance);
    const near = new Set<number>();
    for (let corner = 0; corner < 8; corner++) {
      const [x, y, z] = direction.map((value, axis) => value + ((corner >> axis) & 1 ? SAME_ANGLE : -SAME_ANGLE));
      near.add(cubeOf(x, y, z));
    }
    for (const cube of near) this.cubes.set(cube, [...(this.cubes.get(cube) ?? []), { landmark, direction, distance }]);
  }

  /** Undefined until its star is loaded, and for what is no star. */
  luminosityOf(landmark: Landmark): number | undefined {
    return this.found.get(landmark.id)?.luminosity;
  }

  /** Where its star is drawn, which float32 may have moved; where the file puts it if no exact star is loaded. */
  positionOf(landmark: Landmark): Vec3 {
    const star = this.found.get(landmark.id);
    if (!star?.cell.points) return landmark.position;
    return star.store.cells.has(star.cell) ? star.store.placeOf(star.at, star.cell) : star.position;
  }

  /** Looks for landmarks among the splats of a cell just loaded that are its own. */
  addCell(store: SplatStore, cell: StoredCell): void {
    const { origin, unitM, start, home } = cell;
    const [means, step, first] = home ? [home, 3, start] : [store.means, 4, 0];
    for (let at = start; at < start + cell.count; at++) {
      if (store.means[4 * at + 3] !== OWN) continue;
      const from = step * (at - first);
      const x = origin[0] + means[from] * unitM;
      const y = origin[1] + means[from + 1] * unitM;
      const z = origin[2] + means[from + 2] * unitM;
      const r = Math.sqrt(x * x + y * y + z * z);
      const stars = this.cubes.get(cubeOf(x / r, y / r, z / r));
      if (!stars) continue;
      const position: Vec3 = [x, y, z];
      for (const { landmark, direction, distance } of stars) {
        if (Math.abs(r / distance - 1) > SAME_DISTANCE || dot(position, direction) < Math.cos(SAME_ANGLE) * r) continue;
        const exact = length(sub(position, landmark.position)) < ROUNDING * distance;
        const star = { luminosity: store.luminosityOf(at, cell), position, store, cell, at, exact };
        if (isBetter(star, this.found.get(landmark.id))) this.found.set(landmark.id, star);
      }
    }
  }
}

/** A star is better than a splat, then the one that lies there, else the brighter one. */
function isBetter(star: Found, before: Found | undefined): boolean {
  const { points } = star.cell;
  if (!before || points !== before.cell.points) return !before || points;
  if (star.exact !== before.exact) return star.exact;
  return star.luminosity > before.luminosity;
}
