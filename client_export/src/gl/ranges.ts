/** A range of whole numbers, not empty: `start` included and `end` not. */
export interface Range {
  start: number;
  end: number;
}

/** The same numbers as those of `ranges` in as few ranges as can be, in ascending order. */
export function merged(ranges: readonly Range[]): Range[] {
  const result: Range[] = [];
  for (const { start, end } of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else result.push({ start, end });
  }
  return result;
}
