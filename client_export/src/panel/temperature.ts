/** BP-RP and effective temperature, kelvin: rows of the mean dwarf sequence of Pecaut & Mamajek 2013, ApJS 208, 9. */
const DWARFS: readonly (readonly [number, number])[] = [
  [-0.12, 10700],
  [-0.037, 9700],
  [0.068, 8840],
  [0.263, 7760],
  [0.49, 6820],
  [0.694, 6180],
  [0.823, 5770],
  [0.983, 5290],
  [1.19, 4870],
  [1.43, 4440],
  [1.7, 4090],
  [2.09, 3660],
  [2.5, 3430],
  [2.94, 3210],
  [3.71, 2930],
  [4.65, 2680],
  [5.1, 2420],
];

/** About how hot a star of this BP-RP is, kelvin; null where it is bluer or redder than the dwarfs that were measured. */
export function temperatureOf(bpRp: number): number | null {
  const after = DWARFS.findIndex(([color]) => color >= bpRp);
  if (after < 0 || bpRp < DWARFS[0][0]) return null;
  if (after === 0) return DWARFS[0][1];
  const [[x0, y0], [x1, y1]] = [DWARFS[after - 1], DWARFS[after]];
  return y0 + ((y1 - y0) * (bpRp - x0)) / (x1 - x0);
}
