/** Finds places by name in a worker, or here where there is none. */
import { SiteError } from "../errors.ts";
import type { Vec3 } from "../vec.ts";
import { Answers, type NamesOf, type Question, answerTo } from "./answers.ts";
import type { Match } from "./name_index.ts";
import type { Called } from "./names_file.ts";

interface Waiting {
  question: Question;
  resolve: (answer: unknown) => void;
  reject: (reason: unknown) => void;
}

export class Finder {
  private worker: Worker | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private next = 0;
  private here: Answers | null = null;

  /** `start` makes a worker, and may throw. */
  constructor(
    private readonly files: NamesOf,
    start: () => Worker | null,
  ) {
    try {
      this.worker = start();
    } catch {
      return; // a page may forbid workers: then all is found here
    }
    if (!this.worker) return;
    this.worker.onmessage = ({ data: { id, answer, problem } }) => {
      const waiting = this.waiting.get(id);
      this.waiting.delete(id);
      if (problem === undefined) waiting?.resolve(answer);
      else waiting?.reject(new SiteError(problem));
    };
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.giveUp();
    };
    this.worker.postMessage(files);
  }

  /** Up to `most` places for what was typed. @throws SiteError where the file of names is damaged. */
  find(typed: string, most: number): Promise<Match[]> {
    return this.ask({ find: [typed, most] });
  }

  /** What the star at `position` is called, null where it has no name. @throws SiteError as `find`. */
  at(position: Vec3): Promise<Called | null> {
    return this.ask({ at: [position] });
  }

  /** Ends its worker, and answers here what is still asked. */
  close(): void {
    this.giveUp();
  }

  private ask<T>(question: Question): Promise<T> {
    return new Promise<unknown>((resolve, reject) => {
      const waiting = { question, resolve, reject };
      if (!this.worker) {
        this.answer(waiting);
        return;
      }
      this.waiting.set(this.next, waiting);
      this.worker.postMessage({ id: this.next++, question });
    }) as Promise<T>;
  }

  private answer({ question, resolve, reject }: Waiting): void {
    try {
      this.here ??= new Answers(this.files);
      resolve(answerTo(this.here, question));
    } catch (reason) {
      reject(reason);
    }
  }

  /** The worker did not start, or died: what it has not answered is answered here. */
  private giveUp(): void {
    this.worker?.terminate();
    this.worker = null;
    for (const waiting of this.waiting.values()) this.answer(waiting);
    this.waiting.clear();
  }
}
