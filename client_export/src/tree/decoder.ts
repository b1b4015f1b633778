/** Decodes tiles in a worker, or here where there is none. */
import { SiteError } from "../errors.ts";
import { type CellData, type TileJob, decodeCells } from "./cell_data.ts";

/** What the worker answers: the cells, or what is wrong with the tile. */
export interface Answer {
  id: number;
  cells?: CellData[];
  problem?: string;
}

interface Waiting {
  job: TileJob;
  resolve: (cells: CellData[]) => void;
  reject: (reason: unknown) => void;
}

export class Decoder {
  private worker: Worker | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private next = 0;

  /** `start` makes a worker, and may throw. */
  constructor(start: () => Worker | null) {
    try {
      this.worker = start();
    } catch {
      return; // a page may forbid workers: then all is decoded here
    }
    if (!this.worker) return;
    this.worker.onmessage = ({ data }: MessageEvent<Answer>) => this.answer(data);
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.giveUp();
    };
  }

  /** @throws SiteError where the tile is damaged. */
  decode(job: TileJob): Promise<CellData[]> {
    return new Promise((resolve, reject) => {
      const waiting = { job, resolve, reject };
      if (!this.worker) {
        decodeHere(waiting);
        return;
      }
      this.waiting.set(this.next, waiting);
      this.worker.postMessage({ id: this.next++, job });
    });
  }

  private answer({ id, cells, problem }: Answer): void {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (cells) waiting?.resolve(cells);
    else waiting?.reject(new SiteError(problem ?? ""));
  }

  /** The worker did not start, or died: what it has not answered is decoded here. */
  private giveUp(): void {
    this.worker?.terminate();
    this.worker = null;
    for (const waiting of this.waiting.values()) decodeHere(waiting);
    this.waiting.clear();
  }
}

function decodeHere({ job, resolve, reject }: Waiting): void {
  try {
    resolve(decodeCells(job));
  } catch (reason) {
    reject(reason);
  }
}
