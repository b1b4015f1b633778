/**
 * The balls of all cells of a store side by side: a frame asks for those of ten thousand cells several times, and gathering each
 * from objects all over the memory takes longer than what is asked.
 */
import type { SplatStore, StoredCell } from "./splat_store.ts";

export interface CellRows {
  cells: readonly StoredCell[];
  /** [cells, 4] centre and radius of each ball, metres. */
  balls: Float64Array;
}

const known = new WeakMap<SplatStore, CellRows & { version: number }>();

/** The cells of `store` as they are now, gathered anew when any has come, gone or moved. */
export function rowsOf(store: SplatStore): CellRows {
  const before = known.get(store);
  if (before?.version === store.version) return before;
  const cells = [...store.cells];
  const balls = new Float64Array(4 * cells.length);
  for (let i = 0; i < cells.length; i++) {
    const { centre, radius } = cells[i].ball;
    for (let axis = 0; axis < 3; axis++) balls[4 * i + axis] = centre[axis];
    balls[4 * i + 3] = radius;
  }
  const rows = { cells, balls, version: store.version };
  known.set(store, rows);
  return rows;
}
