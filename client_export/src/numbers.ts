/** `value`, or the end of the range that it lies beyond. */
export const clamp = (value: number, [low, high]: readonly [number, number]) => Math.max(low, Math.min(high, value));

/** From 0 at `low` to 1 at `high`, smoothly. */
export function smoothstep(low: number, high: number, value: number): number {
  const t = clamp((value - low) / (high - low), [0, 1]);
  return t * t * (3 - 2 * t);
}
