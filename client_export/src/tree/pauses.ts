/** What could not be reached, and how long it is left alone: each time for longer. */
import { pauseAfter } from "../http.ts";

export class Pauses<K> {
  private readonly failed = new Map<K, { tries: number; timer: ReturnType<typeof setTimeout> | null }>();

  /** `onOver` is told when a pause is over. */
  constructor(private readonly onOver: (key: K) => void) {}

  /** How many fail. */
  get size(): number {
    return this.failed.size;
  }

  /** How often it failed since it last could be reached. */
  triesOf(key: K): number {
    return this.failed.get(key)?.tries ?? 0;
  }

  isPaused(key: K): boolean {
    return this.failed.get(key)?.timer != null;
  }

  /** Notes that it failed, and leaves it alone for a while, which a server may prolong to `afterMs`. */
  pause(key: K, afterMs: number): void {
    const tries = this.triesOf(key) + 1;
    this.end(key);
    const timer = setTimeout(
      () => {
        this.failed.set(key, { tries, timer: null });
        this.onOver(key);
      },
      pauseAfter(tries, afterMs),
    );
    this.failed.set(key, { tries, timer });
  }

  /** Notes that it failed, but may be asked for at once. */
  suspect(key: K): void {
    const tries = this.triesOf(key) + 1;
    this.end(key);
    this.failed.set(key, { tries, timer: null });
  }

  /** It can be reached again. */
  end(key: K): void {
    const { timer } = this.failed.get(key) ?? {};
    if (timer != null) clearTimeout(timer);
    this.failed.delete(key);
  }

  /** All may be asked for again now. */
  endAll(): void {
    for (const key of [...this.failed.keys()]) this.end(key);
  }
}
