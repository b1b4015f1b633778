/**
 * The contract of a pack format: from the files of a folder to cells. Which cells are wanted, and how they are drawn, is
 * no business of a format.
 */
import type { Ball } from "./ball.ts";
import type { Cell } from "./cell.ts";
import type { Folder, Watch } from "./http.ts";

/** What a pack's index tells of a cell. */
export interface PackedCell {
  /** Cells of one name in several layers of a site are the same piece of space. */
  name: string;
  /** About the ball around its bounds; of a part: around its leaf. */
  ball: Ball;
  /** It is a part of a larger leaf, which was trained as a whole: only all parts together hold the light of its stars. */
  part: boolean;
  /** Each of its splats is one star, drawn as a point however large the pack had to store it. */
  points: boolean;
  /** How many bytes reading it costs. */
  size: number;
}

/** An opened pack. `C` is the format's own entry, which may say more of a cell than others need to know. */
export interface Pack<C extends PackedCell = PackedCell> {
  /** Splats of all cells together. */
  splatCount: number;
  cells: readonly C[];
  /**
   * Hands the bytes of each of `cells` to `onBytes`, as they come, and those whose bytes cannot be read to `onFail`, which
   * may throw.
   *
   * @throws SiteError where the pack cannot be read.
   */
  read(
    cells: readonly C[],
    onBytes: (cell: C, bytes: Uint8Array) => void,
    onFail: (cells: C[], reason: unknown) => void,
    watch: Watch,
  ): Promise<void>;
  /** A cell from its bytes, of which it keeps none. @throws SiteError where they are damaged. */
  decode(cell: C, bytes: Uint8Array): Promise<Cell>;
}

export interface PackFormat {
  /**
   * Reads the index of the pack in a folder; `checksums` names the file of its checksums, if it has one.
   *
   * @throws SiteError where it is missing, damaged or of another version.
   */
  open(folder: Folder, checksums?: string): Promise<Pack>;
}
