/** The stars that landmarks name, found among the loaded splats: how bright they are and where they are drawn. */
import type { Landmark } from "./landmark.ts";
import type { SplatStore, StoredCell } from "./splat_store.ts";
import { type Vec3, dot, length, sub } from "./vec.ts";

/** Landmark and splat are one star if, from the Sun, they agree to this angle (radians) and share of distance. */
const SAME_ANGLE = 5e-4;
const SAME_DISTANCE = 0.1;

interface Found {
  /** Luminance times distance squared, in units of the splats' own. */
  luminosity: number;
  position: Vec3;
  points: boolean;
}

export class LandmarkStars {
  private readonly found = new Map<string, Found>();

  constructor(private readonly landmarks: readonly Landmark[]) {}

  /** Undefined until its star is loaded, and for what is no star. */
  luminosityOf(landmark: Landmark): number | undefined {
    return this.found.get(landmark.id)?.luminosity;
  }

  /** Where its star is drawn, which float32 may have moved; where the file puts it if no exact star is loaded. */
  positionOf(landmark: Landmark): Vec3 {
    const star = this.found.get(landmark.id);
    return star?.points ? star.position : landmark.position;
  }

  /** Looks for landmarks among the splats of a cell just loaded. */
  addCell(store: SplatStore, cell: StoredCell): void {
    for (const landmark of this.landmarks) {
      const { position } = landmark;
      const slack = cell.ball.radius + SAME_DISTANCE * length(position);
      if (landmark.kind !== "star" || length(sub(position, cell.ball.centre)) > slack) continue;
      const star = brightestAt(position, store, cell);
      if (star && isBetter(star, this.found.get(landmark.id))) this.found.set(landmark.id, star);
    }
  }
}

/** An exact star is better than a splat, else the brighter one. */
function isBetter(star: Found, before: Found | undefined): boolean {
  if (!before || star.points !== before.points) return !before || star.points;
  return star.luminosity > before.luminosity;
}

function brightestAt(position: Vec3, store: SplatStore, cell: StoredCell): Found | null {
  const distance = length(position);
  let best: Found | null = null;
  for (let at = cell.start; at < cell.start + cell.count; at++) {
    const splat: Vec3 = [
      cell.origin[0] + store.means[4 * at] * cell.unitM,
      cell.origin[1] + store.means[4 * at + 1] * cell.unitM,
      cell.origin[2] + store.means[4 * at + 2] * cell.unitM,
    ];
    const far = length(splat);
    if (Math.abs(far / distance - 1) > SAME_DISTANCE || dot(splat, position) < Math.cos(SAME_ANGLE) * far * distance)
      continue;
    const luminosity = store.luminosityOf(at, cell);
    if (luminosity > (best?.luminosity ?? 0)) best = { luminosity, position: splat, points: cell.points };
  }
  return best;
}
