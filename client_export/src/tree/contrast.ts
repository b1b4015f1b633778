/**
 * How fast cells may fade: what is seen of a fade depends on how bright its stars are beside the rest of the picture. A fade of
 * thirty frames that moves one bright star in a dark part of the sky is seen, one that moves a thousand faint ones is not.
 */
import { frustumOf } from "../frustum.ts";
import { OWN, type SplatStore, type StoredCell } from "../splat_store.ts";
import type { View } from "../source.ts";
import { type Vec3, scale, sub } from "../vec.ts";
import { allLight } from "./all_light.ts";
import { BLOCK_PX } from "./cell_error.ts";
import type { Content, TreeNode } from "./node.ts";

/** By at most this share of its own light and that of the mean block a block changes in a millisecond. */
const CHANGE_PER_MS = 0.007 / (1000 / 60);
/** No fade is slowed by more than this factor. */
const SLOWEST = 30;
/** Most bins along the edge of a face. */
const MOST_BINS = 128;

/** What a frame is of. */
interface Frame {
  view: View;
  content: Content | null;
  light: number;
}

/** A cell that fades, and where the bins that it changes are in the list of them. */
interface Fading {
  node: TreeNode;
  first: number;
  end: number;
}

/**
 * The sky around a camera in bins about as large as blocks of 32 x 32 pixels, on the faces of a cube; light is in units
 * of that of the mean block.
 */
export class Contrast {
  /** Bins along the edge of a face. */
  private n = 0;
  /** What the cell that is being noted brings to each bin, and zero else. */
  private net = new Float64Array(0);
  /** What is shown in each bin of the cells that fade. */
  private shown = new Float64Array(0);
  /** By how much each bin would change. */
  private change = new Float64Array(0);
  private readonly bins: number[] = [];
  private readonly fading: Fading[] = [];
  private frame: Frame | null = null;
  private position: Vec3 = [0, 0, 0];
  /** The light of the mean block, steradians at exposure 1. */
  private mean = 1;

  constructor(private readonly store: SplatStore) {}

  /** Begins a frame: a view of the tree whose root holds `content`; from all around comes `light`, steradians at exposure 1. */
  begin(view: View, content: Content | null, light: number): void {
    this.frame = { view, content, light };
    for (const list of [this.bins, this.fading]) list.length = 0;
  }

  /** Makes ready for the first cell of the frame. */
  private prepare({ view: { camera, width, height }, content, light }: Frame): void {
    const focal = camera.focalPx(height);
    this.n = Math.min(Math.ceil((2 * focal) / BLOCK_PX), MOST_BINS);
    const count = 6 * this.n ** 2;
    if (this.net.length === count) for (const array of [this.shown, this.change]) array.fill(0);
    else [this.net, this.shown, this.change] = [0, 0, 0].map(() => new Float64Array(count));
    this.position = camera.position;
    const seen = content ? allLight(content, this.store, camera.position, frustumOf(camera, width, height, 0)) : light;
    // Where the view is darker than the sky its own light counts.
    this.mean = Math.min(
      (seen * BLOCK_PX ** 2) / (width * height),
      (light * BLOCK_PX ** 2) / (4 * Math.PI * focal ** 2),
    );
  }

  /**
   * Notes that `node` is about to open or close by `step`; `above` is the weight of its parent, of which it is a share. Of the
   * `outermost` of cells that fade, one below the other, what is shown counts, which is that of all of them.
   */
  add(node: TreeNode, step: number, above: number, outermost: boolean): void {
    if (this.fading.length === 0 && this.frame) this.prepare(this.frame);
    const first = this.bins.length;
    const shown = outermost ? above : 0;
    this.addContent(node, 1, shown * node.opened);
    const standing = node.parent?.content?.soft;
    if (standing) this.addCell(standing, node.number, -1, shown * (1 - node.opened));
    let end = first;
    for (let i = first; i < this.bins.length; i++) {
      const bin = this.bins[i];
      const light = this.net[bin];
      if (light === 0) continue; // it has come before
      this.change[bin] += Math.abs(light) * above * step;
      this.net[bin] = 0;
      this.bins[end++] = bin;
    }
    this.bins.length = end;
    this.fading.push({ node, first, end });
  }

  /** Adds what is shown of `node` and of those below it, times `share`. */
  private addContent(node: TreeNode, share: number, weight: number): void {
    const { stars, soft } = node.content ?? { stars: null, soft: null };
    if (stars) this.addCell(stars, null, share, weight);
    if (soft?.childWeights) this.addCell(soft, OWN, share, weight);
    for (const child of node.children) {
      const closed = 1 - child.opened;
      if (soft && closed > 0) this.addCell(soft, child.number, share * closed, weight * closed);
      if (child.opened > 0) this.addContent(child, share * child.opened, weight * child.opened);
    }
  }

  /** The share of the steps of each noted cell that may be taken in `elapsed` ms. */
  rates(elapsed: number): Map<TreeNode, number> {
    const { shown, change, bins } = this;
    const most = CHANGE_PER_MS * elapsed;
    return new Map(
      this.fading.map(({ node, first, end }) => {
        let rate = 1;
        for (let i = first; i < end; i++) rate = Math.min(rate, (most * (1 + shown[bins[i]])) / change[bins[i]]);
        return [node, Math.max(rate, 1 / SLOWEST)];
      }),
    );
  }

  /** Adds `share` times the light of the splats of `cell`, or of those that stand for `child`; `weight` of it is shown. */
  private addCell(cell: StoredCell, child: number | null, share: number, weight: number): void {
    const { n, net, shown, mean, bins } = this;
    const { means, covDiagonal, light } = this.store;
    const [x, y, z] = scale(sub(this.position, cell.origin), 1 / cell.unitM);
    const half = n / 2;
    // The middle bin of a Gaussian that is wider has so much of it.
    const spread = (Math.PI * half ** 2) / 2;
    for (let at = cell.start; at < cell.start + cell.count; at++) {
      if (child !== null && means[4 * at + 3] !== child) continue;
      const dx = means[4 * at] - x;
      const dy = means[4 * at + 1] - y;
      const dz = means[4 * at + 2] - z;
      const [ax, ay, az] = [Math.abs(dx), Math.abs(dy), Math.abs(dz)];
      const most = Math.max(ax, ay, az, 1e-300);
      const variance = (covDiagonal[3 * at] + covDiagonal[3 * at + 1] + covDiagonal[3 * at + 2]) / 3;
      const luminance = 0.2126 * light[3 * at] + 0.7152 * light[3 * at + 1] + 0.0722 * light[3 * at + 2];
      const distance2 = dx * dx + dy * dy + dz * dz;
      const area = cell.points ? distance2 : Math.max(distance2, spread * variance);
      let [face, u, v] = [dz > 0 ? 4 : 5, dx, dy];
      if (most === ax) [face, u, v] = [dx > 0 ? 0 : 1, dy, dz];
      else if (most === ay) [face, u, v] = [dy > 0 ? 2 : 3, dx, dz];
      const i = Math.min(Math.floor((u / most + 1) * half), n - 1);
      const j = Math.min(Math.floor((v / most + 1) * half), n - 1);
      const bin = (face * n + i) * n + j;
      const given = (2 * Math.PI * luminance * variance) / Math.max(area, 1e-300) / mean;
      bins.push(bin);
      net[bin] += share * given;
      shown[bin] += weight * given;
    }
  }
}
