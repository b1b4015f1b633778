/** Decodes in a worker, or here where there is none. */
import { SiteError } from "../errors.ts";

/** What the worker answers: what is decoded, or what is wrong with it. */
export interface Answer {
  id: number;
  decoded?: unknown;
  problem?: string;
}

interface Waiting<Job, Decoded> {
  job: Job;
  resolve: (decoded: Decoded) => void;
  reject: (reason: unknown) => void;
}

/** Starts the worker, which decodes tiles and files of cells. */
export const startWorker = () =>
  new Worker(new URL("./decode_worker.ts", import.meta.url), { type: "module", name: "decode" });

export class Decoder<Job, Decoded> {
  private worker: Worker | null = null;
  private readonly waiting = new Map<number, Waiting<Job, Decoded>>();
  private next = 0;

  /** `start` makes a worker, and may throw; `here` decodes as it does. */
  constructor(
    start: () => Worker | null,
    private readonly here: (job: Job) => Decoded,
  ) {
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

  /** @throws SiteError where `job` is damaged. */
  decode(job: Job): Promise<Decoded> {
    return new Promise((resolve, reject) => {
      const waiting = { job, resolve, reject };
      if (!this.worker) {
        this.decodeHere(waiting);
        return;
      }
      this.waiting.set(this.next, waiting);
      this.worker.postMessage({ id: this.next++, job });
    });
  }

  private answer({ id, decoded, problem }: Answer): void {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (problem === undefined) waiting?.resolve(decoded as Decoded);
    else waiting?.reject(new SiteError(problem));
  }

  /** The worker did not start, or died: what it has not answered is decoded here. */
  private giveUp(): void {
    this.worker?.terminate();
    this.worker = null;
    for (const waiting of this.waiting.values()) this.decodeHere(waiting);
    this.waiting.clear();
  }

  private decodeHere({ job, resolve, reject }: Waiting<Job, Decoded>): void {
    try {
      resolve(this.here(job));
    } catch (reason) {
      reject(reason);
    }
  }
}
