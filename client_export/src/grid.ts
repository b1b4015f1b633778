/** Where a cell of the heliocentric logarithmic grid lies: enough to order loading before a cell's bounds are read. */
import { type Ball, ballAround } from "./ball.ts";
import type { Vec3 } from "./vec.ts";

/** Indices of a cell in the heliocentric logarithmic grid: shell, longitude, latitude. */
export interface CellId {
  l: number;
  theta: number;
  phi: number;
}

/** `r_min` in metres, ratio of a shell's radii, number of longitudes and of latitudes. */
export interface GridConfig {
  r_min: number;
  log_base: number;
  n_theta: number;
  n_phi: number;
}

/** `l_theta_phi`: how a cell is called in file names. */
export const nameOf = (id: CellId): string => `${id.l}_${id.theta}_${id.phi}`;

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
  return ballAround(low, high);
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
