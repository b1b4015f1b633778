/** Cells of the heliocentric logarithmic grid at any depth; the root, which holds all, has depth -1. */
export interface CellId {
  depth: number;
  /** Shell, longitude and colatitude, below 2^(depth + 1), 2^(depth + 1) and 2^depth. */
  l: number;
  theta: number;
  phi: number;
}

export const ROOT: CellId = { depth: -1, l: 0, theta: 0, phi: 0 };

/** The child number `k`, whose bits 2, 1 and 0 are the next ones of l, theta and phi. */
export const childOf = (cell: CellId, k: number): CellId => ({
  depth: cell.depth + 1,
  l: 2 * cell.l + (k >> 2),
  theta: 2 * cell.theta + ((k >> 1) & 1),
  phi: 2 * cell.phi + (k & 1),
});

/** The number of a cell among the children of its parent. */
export const numberOf = ({ l, theta, phi }: CellId): number => ((l & 1) << 2) | ((theta & 1) << 1) | (phi & 1);

/** The children whose bits are set in `mask`, in the order of their numbers. */
export function childrenOf(cell: CellId, mask: number): CellId[] {
  const children: CellId[] = [];
  for (let k = 0; k < 8; k++) if ((mask >> k) & 1) children.push(childOf(cell, k));
  return children;
}

/** `depth_l_theta_phi`, a name that is unique among cells of all depths. */
export const nameOf = ({ depth, l, theta, phi }: CellId): string => `${depth}_${l}_${theta}_${phi}`;
