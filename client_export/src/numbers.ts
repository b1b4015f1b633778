/** `value`, or the end of the range that it lies beyond. */
export const clamp = (value: number, [low, high]: readonly [number, number]) => Math.max(low, Math.min(high, value));
