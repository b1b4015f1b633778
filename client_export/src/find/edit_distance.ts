/**
 * How many letters are changed, left out, put in or swapped with their neighbour between `typed` and the beginning of `word`
 * that is nearest to it (`whole`: the whole of it); more than `most` counts as Infinity. Optimal string alignment: Damerau
 * 1964, doi:10.1145/363958.363994.
 */
export function editDistance(typed: string, word: string, most: number, whole: boolean): number {
  if (typed.length - word.length > most || (whole && word.length - typed.length > most)) return Infinity;
  const width = Math.min(word.length, typed.length + most);
  let before: number[] = [];
  let last = Array.from({ length: width + 1 }, (_, i) => i);
  for (let i = 1; i <= typed.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= width; j++) {
      const same = typed[i - 1] === word[j - 1];
      let cost = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1));
      if (i > 1 && j > 1 && typed[i - 1] === word[j - 2] && typed[i - 2] === word[j - 1])
        cost = Math.min(cost, before[j - 2] + 1);
      row.push(cost);
      if (cost < least) least = cost;
    }
    if (least > most) return Infinity;
    [before, last] = [last, row];
  }
  const found = whole ? last[width] : Math.min(...last);
  return found <= most ? found : Infinity;
}
