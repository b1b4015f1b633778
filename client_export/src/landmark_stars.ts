/** The stars that landmarks name, found among the loaded splats: how bright they are and where they are drawn. */
import type { SplatStore, StoredCell } from "./splat_store.ts";
import type { Landmark } from "./v1.ts";
import { type Vec3, dot, length, sub } from "./vec.ts";

/** Landmark and splat are one star if, from the Sun, they agree to this angle (radians) and share of distance. */
const SAME_ANGLE = 5e-4;
const SAME_DISTANCE = 0.1;

interface Found {
  /** Luminance times distance squared, in units of the splats' own. */
  luminosity: number;
  place: Vec3;
  points: boolean;
}

/** Where a landmark's file puts it. */
export const placeOf = ({ pos_meters: p }: Landmark): Vec3 => [p.x, p.y, p.z];

export class LandmarkStars {
  private readonly found = new Map<string, Found>();

  constructor(private readonly landmarks: readonly Landmark[]) {}

  /** Undefined until its star is loaded, and for what is no star. */
  luminosityOf(landmark: Landmark): number | undefined {
    return this.found.get(landmark.id)?.luminosity;
  }

  /** Where its star is drawn, which float32 may have moved; where the file puts it if no exact star is loaded. */
  placeOf(landmark: Landmark): Vec3 {
    const star = this.found.get(landmark.id);
    return star?.points ? star.place : placeOf(landmark);
  }

  /** Looks for landmarks among the splats of a cell just loaded. */
  takeCell(store: SplatStore, cell: StoredCell): void {
    for (const landmark of this.landmarks) {
      const place = placeOf(landmark);
      const slack = cell.ball.radius + SAME_DISTANCE * length(place);
      if (landmark.kind !== "star" || length(sub(place, cell.ball.centre)) > slack) continue;
      const star = brightestAt(place, store, cell);
      if (star && isBetter(star, this.found.get(landmark.id))) this.found.set(landmark.id, star);
    }
  }
}

/** An exact star is better than a splat, else the brighter one. */
function isBetter(star: Found, before: Found | undefined): boolean {
  if (!before || star.points !== before.points) return !before || star.points;
  return star.luminosity > before.luminosity;
}

function brightestAt(place: Vec3, store: SplatStore, cell: StoredCell): Found | null {
  const distance = length(place);
  let best: Found | null = null;
  for (let at = cell.start; at < cell.start + cell.count; at++) {
    const splat: Vec3 = [
      cell.origin[0] + store.place[4 * at] * cell.unitM,
      cell.origin[1] + store.place[4 * at + 1] * cell.unitM,
      cell.origin[2] + store.place[4 * at + 2] * cell.unitM,
    ];
    const far = length(splat);
    if (Math.abs(far / distance - 1) > SAME_DISTANCE || dot(splat, place) < Math.cos(SAME_ANGLE) * far * distance)
      continue;
    const luminosity = store.luminosityOf(at, cell);
    if (luminosity > (best?.luminosity ?? 0)) best = { luminosity, place: splat, points: cell.points };
  }
  return best;
}
