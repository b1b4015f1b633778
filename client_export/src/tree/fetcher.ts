/** Reads tiles: what is worth most first, neighbours in a shard together. */
import { UnreachableError, messageOf } from "../errors.ts";
import type { Folder } from "../http.ts";
import { PackReader } from "../pack_reader.ts";
import { childrenOf } from "../v2/cell_id.ts";
import type { CellData } from "./cell_data.ts";
import type { Decoder } from "./decoder.ts";
import { type TileSpot, type TreeNode, tileOf } from "./node.ts";

/** Bytes after which it is thought over what to read next, as the camera may have moved. */
const BATCH_BYTES = 1 << 18;
/**
 * A shard that cannot be reached is asked for again after so many milliseconds, then after twice as many, and so on; later
 * where the server says so.
 */
const RETRY_MS = 1000;
const MOST_RETRY_MS = 60_000;

export interface FetcherEvents {
  /** Tiles that are wanted and not here, the most valuable first. */
  next(): TreeNode[];
  /** The tile of `node` is here. */
  onTile(node: TreeNode, cells: CellData[]): void;
  onError(message: string): void;
}

export class Fetcher {
  private readonly readers = new Map<number, PackReader>();
  private readonly broken = new Set<number>();
  /** The shards that could not be reached when they were last asked for, and how long they are left alone. */
  private readonly failing = new Map<number, { pauseMs: number; paused: boolean }>();
  private running: Promise<void> | null = null;

  constructor(
    private readonly folder: Folder,
    private readonly palette: Float32Array,
    private readonly decoder: Decoder,
    private readonly events: FetcherEvents,
  ) {}

  /** Resolves when nothing more is wanted that can be asked for now. */
  run(): Promise<void> {
    this.running ??= this.read().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async read(): Promise<void> {
    for (let batch = this.batch(); batch.length > 0; batch = this.batch()) {
      const shards = new Set(batch.map(({ spot }) => (spot as TileSpot).shard));
      await Promise.all([...shards].map((shard) => this.readShard(shard, batch)));
    }
  }

  private batch(): TreeNode[] {
    const batch: TreeNode[] = [];
    let bytes = 0;
    for (const node of this.events.next()) {
      const { shard, size } = node.spot as TileSpot;
      if (this.broken.has(shard)) node.tile = "lost";
      if (node.tile !== "unread" || this.failing.get(shard)?.paused) continue;
      if (bytes > 0 && bytes + size > BATCH_BYTES) break;
      bytes += size;
      batch.push(node);
    }
    for (const node of batch) node.tile = "asked";
    return batch;
  }

  private async readShard(shard: number, batch: TreeNode[]): Promise<void> {
    const name = `tiles-${String(shard).padStart(5, "0")}.bin`;
    let reader = this.readers.get(shard);
    if (!reader) {
      reader = new PackReader(this.folder.path + name, null, this.folder.fetcher);
      this.readers.set(shard, reader);
    }
    const entries = batch
      .map((node) => ({ node, ...(node.spot as TileSpot) }))
      .filter((entry) => entry.shard === shard);
    const decoding: Promise<void>[] = [];
    try {
      await reader.read(entries, ({ node }, bytes) => {
        decoding.push(this.decode(node, bytes, `${this.folder.path + name}, tile of cell ${node.name},`));
      });
      this.failing.delete(shard);
    } catch (reason) {
      this.readers.delete(shard);
      if (reason instanceof UnreachableError) this.pause(shard, reason);
      else {
        this.broken.add(shard);
        this.events.onError(messageOf(reason));
      }
    }
    await Promise.all(decoding);
    for (const { node } of entries) if (node.tile === "asked") node.tile = "unread"; // it did not come
  }

  /** Leaves a shard alone for a while. It is told once, until the shard can be read again. */
  private pause(shard: number, reason: UnreachableError): void {
    const before = this.failing.get(shard);
    const failing = { pauseMs: before ? Math.min(2 * before.pauseMs, MOST_RETRY_MS) : RETRY_MS, paused: true };
    this.failing.set(shard, failing);
    if (!before) this.events.onError(reason.message);
    const waitMs = Math.min(Math.max(failing.pauseMs, reason.afterMs), MOST_RETRY_MS);
    setTimeout(() => {
      failing.paused = false;
      void this.run();
    }, waitMs);
  }

  private async decode(node: TreeNode, bytes: Uint8Array, what: string): Promise<void> {
    const { id, childMask, tile } = node.cell;
    try {
      // A copy, which the worker may keep: the bytes lie in those of a whole request.
      const own = tileOf(node, bytes, what).slice();
      const job = { bytes: own, crc: tile?.crc ?? 0, cells: childrenOf(id, childMask), palette: this.palette, what };
      const cells = await this.decoder.decode(job);
      node.tile = "here";
      this.events.onTile(node, cells);
    } catch (reason) {
      node.tile = "lost";
      this.events.onError(messageOf(reason));
    }
  }
}
