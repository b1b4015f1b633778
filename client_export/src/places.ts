/** Places of arrays of fixed length: which are free, and which have changed. */

/** Places `start` to `end`, the latter not included; never none. */
export interface Places {
  start: number;
  end: number;
}

/** The same places in as few ranges as can be, in ascending order. */
export function merged(ranges: readonly Places[]): Places[] {
  const result: Places[] = [];
  for (const { start, end } of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else result.push({ start, end });
  }
  return result;
}

/** The free places of an array. */
export class FreePlaces {
  /** Ascending; no two touch. */
  private ranges: Places[];

  /** All of `length` places are free. */
  constructor(length: number) {
    this.ranges = length > 0 ? [{ start: 0, end: length }] : [];
  }

  /** Takes the first `count` free places that lie side by side, and returns where they start; null without such. */
  take(count: number): number | null {
    if (count === 0) return 0;
    const at = this.ranges.findIndex(({ start, end }) => end - start >= count);
    if (at < 0) return null;
    const range = this.ranges[at];
    const { start } = range;
    range.start += count;
    if (range.start === range.end) this.ranges.splice(at, 1);
    return start;
  }

  /** Gives back `count` places from `start` on, which must be taken. */
  free(start: number, count: number): void {
    if (count > 0) this.ranges = merged([...this.ranges, { start, end: start + count }]);
  }
}
