/** Whole numbers below `below`, by Park and Miller's generator (1988). */
export function randomFrom(seed: number): (below: number) => number {
  return (below) => (seed = (seed * 48271) % 2147483647) % below;
}
