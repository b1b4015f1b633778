/** Where a cell of the heliocentric logarithmic grid lies: enough to order loading before a cell's bounds are read. */
import { type Vec3, length, sub } from "./vec.ts";
import type { Cell, CellId, GridConfig } from "./v1.ts";

/** A ball, metres. */
export interface Ball {
  centre: Vec3;
  radius: number;
}

function pointAt(r: number, longitude: number, colatitude: number): Vec3 {
  const flat = r * Math.sin(colatitude);
  return [flat * Math.cos(longitude), flat * Math.sin(longitude), r * Math.cos(colatitude)];
}

/**
 * About the ball around a cell's bounding box: half the diagonal of the box of its 8 corners and its face centres.
 * Index theta counts longitudes from -pi, phi colatitudes from the north pole, l shells from `r_min`.
 */
export function ballOf(id: CellId, grid: GridConfig): Ball {
  const low: [number, number, number] = [Infinity, Infinity, Infinity];
  const high: [number, number, number] = [-Infinity, -Infinity, -Infinity];
  for (const dl of [0, 1]) {
    const r = grid.r_min * grid.log_base ** (id.l + dl);
    for (const dTheta of [0, 0.5, 1]) {
      for (const dPhi of [0, 0.5, 1]) {
        const longitude = ((id.theta + dTheta) / grid.n_theta) * 2 * Math.PI - Math.PI;
        const p = pointAt(r, longitude, ((id.phi + dPhi) / grid.n_phi) * Math.PI);
        for (let axis = 0; axis < 3; axis++) {
          low[axis] = Math.min(low[axis], p[axis]);
          high[axis] = Math.max(high[axis], p[axis]);
        }
      }
    }
  }
  return ballBetween(low, high);
}

/** The cell of a coarser grid that holds a cell, `levels` of the octree up, and that grid. */
export function ancestorOf(id: CellId, grid: GridConfig, levels: number): [CellId, GridConfig] {
  const n = 2 ** levels;
  const up = (index: number) => Math.floor(index / n);
  return [
    { l: up(id.l), theta: up(id.theta), phi: up(id.phi) },
    { r_min: grid.r_min, log_base: grid.log_base ** n, n_theta: grid.n_theta / n, n_phi: grid.n_phi / n },
  ];
}

/** The ball around the bounds that a cell's file gives. */
export function ballOfBounds({ bounds: { min, max } }: Cell): Ball {
  return ballBetween([min.x, min.y, min.z], [max.x, max.y, max.z]);
}

/** The ball through the corners of a box; a box without size counts as one metre, so that ratios stay finite. */
function ballBetween(low: Vec3, high: Vec3): Ball {
  const centre: Vec3 = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, (low[2] + high[2]) / 2];
  return { centre, radius: Math.max(length(sub(high, low)) / 2, 1) };
}
