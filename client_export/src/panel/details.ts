/** What a pack knows of a star: out of what is loaded at once, and out of its side files when it is asked for. */
import type { TreeNode } from "../tree/node.ts";
import type { TreePack } from "../tree/pack.ts";
import { type SidePlace, SideReader, sidePlace, skyPlace } from "../tree/side_reader.ts";
import { DISTANCES, IDS, MOTION, type Side, decodeDistances, decodeIds, decodeMotion, sidesOf } from "../v2/side.ts";
import { OMEGA_0, UNKNOWN_COLOR } from "../v2/quantities.ts";
import { type Vec3, length, sub } from "../vec.ts";
import type { PickedStar } from "./pick.ts";

/** What side files say; null where the pack has none of the kind, or nothing of the star. */
export interface Recorded {
  identifier: bigint | null;
  /** 16 % and 84 % quantiles of the distance from the Sun, parsecs. */
  distancePc: readonly [number, number] | null;
  /** Kilometres a second, relative to the Sun. */
  speedKmS: number | null;
}

const JULIAN_YEAR_S = 365.25 * 86_400;
/** BP-RP of the first colour, and the range of all 127: FORMAT.md. */
const [BLUEST, COLOURS] = [-0.5, 5.6];
const LUMINANCE = [0.2126, 0.7152, 0.0722];

/** Magnitude G of a star as seen from `eye`, metres. */
export function magnitudeFrom({ luminosity, position }: PickedStar, eye: Vec3): number {
  const distance = length(sub(position, eye));
  return -2.5 * Math.log10((2 * Math.PI * luminosity) / distance ** 2 / OMEGA_0);
}

/** BP-RP of a star, to 0.02 mag, by its colour among those of the pack, `palette` [128, 3]; null where it was not measured. */
export function colorOf({ light }: PickedStar, palette: Float32Array): number | null {
  const unit = (rgb: ArrayLike<number>, from: number) => {
    const sum = LUMINANCE.reduce((total, weight, i) => total + weight * rgb[from + i], 0);
    return [0, 1, 2].map((i) => rgb[from + i] / sum);
  };
  const own = unit(light, 0);
  const off = (index: number) => unit(palette, 3 * index).reduce((sum, value, i) => sum + (value - own[i]) ** 2, 0);
  let best = UNKNOWN_COLOR;
  for (let index = 0; index < UNKNOWN_COLOR; index++) if (off(index) < off(best)) best = index;
  return best === UNKNOWN_COLOR ? null : BLUEST + (COLOURS * best) / (UNKNOWN_COLOR - 1);
}

/** Where the records of a star are. */
interface Place {
  tile: SidePlace;
  /** The star's number in the tile. */
  row: number;
}

export class SideFiles {
  private readonly reader: SideReader;

  constructor(
    private readonly pack: TreePack,
    private readonly root: TreeNode,
  ) {
    this.reader = new SideReader(pack.folder);
  }

  /** @throws SiteError where a side file cannot be read or is damaged. */
  async recordsOf(star: PickedStar): Promise<Recorded> {
    const place = this.placeOf(star);
    const sides = sidesOf(this.pack.head.sides);
    const has = (side: Side) => sides.some(({ name }) => name === side.name);
    const [ids, distances, motion] = await Promise.all(
      [IDS, DISTANCES, MOTION].map((side) => (place && has(side) ? this.reader.read(side, place.tile) : null)),
    );
    if (!place) return { identifier: null, distancePc: null, speedKmS: null };
    const { tile, row } = place;
    const { stars, crc } = tile;
    const range = distances && decodeDistances(distances, stars, crc, this.reader.nameOf(DISTANCES, tile));
    const moved = motion && decodeMotion(motion, stars, crc, this.reader.nameOf(MOTION, tile));
    const [low, high] = range ? range.subarray(2 * row, 2 * row + 2) : [NaN, NaN];
    const [x, y, z] = moved ? moved.subarray(3 * row, 3 * row + 3) : [NaN, NaN, NaN];
    const speed = Math.hypot(x, y, z) / JULIAN_YEAR_S / 1000;
    return {
      identifier: ids ? decodeIds(ids, stars, crc, this.reader.nameOf(IDS, tile))[row] : null,
      distancePc: Number.isFinite(low) && Number.isFinite(high) ? [low, high] : null,
      speedKmS: Number.isFinite(speed) ? speed : null,
    };
  }

  /** Null where the star's cell is no longer there. */
  private placeOf({ cell, at }: PickedStar): Place | null {
    const row = at - cell.start;
    if (this.root.content?.stars === cell) {
      return { tile: skyPlace(this.pack.head.sky), row };
    }
    const node = find(this.root, (each) => each.content?.stars === cell);
    const tile = node?.parent?.place;
    if (!node?.parent || !tile) return null;
    let before = 0;
    for (const sibling of node.parent.children) {
      if (sibling === node) break;
      before += sibling.content?.stars?.count ?? 0;
    }
    return { tile: sidePlace(tile), row: before + row };
  }
}

function find(top: TreeNode, is: (node: TreeNode) => boolean): TreeNode | null {
  const waiting = [top];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (is(node)) return node;
    waiting.push(...node.children);
  }
  return null;
}
