/** Places by what they are called: finds what was typed, the likeliest first. */
import { GENITIVES } from "./constellations.ts";
import { editDistance } from "./edit_distance.ts";
import { isStar, isUnlit } from "../landmark.ts";
import type { Called } from "./names_file.ts";
import { designationKey, typedKeys, typedWords } from "./query.ts";
import { designationText, wordsOf } from "./text.ts";

/** How well a name fits what was typed, best first. */
export const FIT = { exact: 0, begins: 1, words: 2, acrossNames: 3, misspelled: 4, partly: 5 } as const;

export interface Match {
  called: Called;
  /** The name or designation that fits, as it is shown. */
  by: string;
  fit: number;
}

/** Takes an entry, the name of it that fits, and how well it does. */
type Offer = (entry: number, by: string, fit: number) => void;

interface Name {
  entry: number;
  text: string;
  /** Numbers of words in the vocabulary, each once. */
  words: number[];
  /** It is a name, not the designation of a star. */
  proper: boolean;
}

/** How a typed word fits one of the vocabulary: EQUAL, BEGINS, or so many mistakes more than BEGINS; NOT: not at all. */
const [EQUAL, BEGINS, NOT] = [0, 1, 255];
/** A landmark counts as so many magnitudes brighter than a star that is none. */
const LANDMARK_MAG = 3;
const UNKNOWN_MAG = 9;
/** What gives no light in this universe comes after all that does and fits as well. */
const UNLIT_MAG = 100;
/** What a place is, which people add to names that do without. */
const KINDS = new Set(
  "nebula galaxy cluster star globular open planetary remnant supernova constellation group".split(" "),
);
/** Mistakes that words of so many letters may have. */
const mistakesIn = (letters: number) => (letters < 4 ? 0 : letters < 7 ? 1 : 2);
const BAYER = /^(\p{Ll}{2,7}|\p{L})(\d+)? (\p{L}{3})$/u;

export class NameIndex {
  /** Ways to write each name without blanks, in order. */
  private readonly keys: { key: string; name: Name }[] = [];
  /** The names that have each word of the vocabulary. */
  private readonly namesOf: Name[][] = [];
  private readonly vocabulary: string[] = [];
  private readonly numbers = new Map<string, number>();
  /** All words of the names of each entry. */
  private readonly bags: number[][];
  /** Lower is more important. */
  private readonly ranks: number[];
  /** Entries by the keys of all their designations; made when it is asked for. */
  private keyed: Map<string, { entry: number; text: string }[]> | null = null;

  constructor(private readonly all: readonly Called[]) {
    this.bags = all.map(() => []);
    this.ranks = all.map(({ place, mag }) => {
      const more = place.id.startsWith("star-") ? 0 : LANDMARK_MAG;
      return (mag ?? UNKNOWN_MAG) - more + (isUnlit(place) ? UNLIT_MAG : 0);
    });
    all.forEach(({ place, names, designations }, entry) => {
      const plain = place.name.replace(/ \([^)]*\)$/, "");
      for (const text of new Set([place.name, plain, ...names])) this.add(entry, text, [text], true);
      for (const text of designations) {
        const spellings = spellingsOf(text);
        if (!isStar(place) || spellings.length > 1) this.add(entry, text, spellings, !isStar(place));
      }
    });
    this.keys.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  }

  /** Up to `most` places for what was typed, each once, the best fit first, and of the same fit the most important. */
  find(typed: string, most: number): Match[] {
    const best = new Map<number, Match>();
    const offer: Offer = (entry, by, fit) => {
      const before = best.get(entry);
      if (!before || fit < before.fit) best.set(entry, { called: this.all[entry], by, fit });
    };
    const numbers = /\d/.test(typed) ? typedKeys(typed) : [];
    numbers.forEach((key, order) => {
      for (const { entry, text } of this.designated.get(key) ?? []) offer(entry, text, FIT.exact + order / 10);
    });
    // As it was typed it means a little more than with abbreviations: FI UMa is no φ UMa.
    typedWords(typed).forEach((words, way) => this.compare(words, way / 100, offer));
    if (best.size === 0) for (const words of typedWords(typed)) this.misspelled(words, offer);
    if (best.size === 0) for (const words of typedWords(typed)) this.partly(words, offer);
    const rank = (entry: number) => this.ranks[entry];
    return [...best]
      .sort(([a, x], [b, y]) => x.fit - y.fit || rank(a) - rank(b) || a - b)
      .slice(0, most)
      .map(([, match]) => match);
  }

  private compare(typed: string[], way: number, offer: Offer): void {
    const joined = typed.join("");
    for (let at = this.firstFrom(joined); this.keys[at]?.key.startsWith(joined); at++) {
      const { key, name } = this.keys[at];
      offer(name.entry, name.text, way + (key === joined ? FIT.exact : FIT.begins));
    }
    const fits = typed.map((word) => this.fitsOf(word, false));
    const candidates = this.having(fits);
    for (const { entry, text, words } of candidates) {
      if (assigned(fits, words) !== null) offer(entry, text, way + FIT.words);
    }
    if (typed.length < 2) return;
    for (const entry of new Set(candidates.map((name) => name.entry))) {
      if (assigned(fits, this.bags[entry]) !== null) offer(entry, this.all[entry].place.name, way + FIT.acrossNames);
    }
  }

  /** Fits with mistakes: word by word, or all of it without blanks. The fewer, the better. */
  private misspelled(typed: string[], offer: Offer): void {
    const joined = typed.join("");
    const most = /\d/.test(joined) ? 0 : mistakesIn(joined.length);
    const fits = typed.map((word) => this.fitsOf(word, true));
    for (const { entry, text, words, proper } of this.having(fits)) {
      const mistakes = assigned(fits, words);
      // A designation, and what is left of the name, make it a little less likely.
      const less = (words.length > typed.length ? 0.05 : 0) + (proper ? 0 : 0.02);
      if (mistakes !== null) offer(entry, text, FIT.misspelled + (mistakes + less) / 10);
    }
    for (const { key, name } of most > 0 ? this.keys : []) {
      const apart = name.proper ? editDistance(joined, key, most, true) : Infinity;
      if (apart < Infinity) offer(name.entry, name.text, FIT.misspelled + apart / 10);
    }
  }

  /** Fits of all words but one, which says of what kind a place is, to proper names. */
  private partly(typed: string[], offer: Offer): void {
    if (typed.length < 2) return;
    typed.forEach((left, at) => {
      const rest = typed.filter((_, i) => i !== at);
      if (!KINDS.has(left)) return;
      const fits = rest.map((word) => this.fitsOf(word, true));
      for (const { entry, text, words, proper } of this.having(fits)) {
        const mistakes = proper ? assigned(fits, words) : null;
        if (mistakes !== null) offer(entry, text, FIT.partly + mistakes / 10);
      }
    });
  }

  /** The names that have a word for that typed word which the fewest have one for. */
  private having(fits: readonly Uint8Array[]): Name[] {
    let fewest: number[] = [];
    let least = Infinity;
    for (const fit of fits) {
      const words: number[] = [];
      let count = 0;
      fit.forEach((value, word) => {
        if (value === NOT) return;
        words.push(word);
        count += this.namesOf[word].length;
      });
      if (count < least) [fewest, least] = [words, count];
    }
    return [...new Set(fewest.flatMap((word) => this.namesOf[word]))];
  }

  /** The number of the first key that is not before `key`. */
  private firstFrom(key: string): number {
    let [low, high] = [0, this.keys.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.keys[middle].key < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** How `typed` fits each word of the vocabulary. Numbers fit only themselves. */
  private fitsOf(typed: string, mistaken: boolean): Uint8Array {
    const fits = new Uint8Array(this.vocabulary.length).fill(NOT);
    const number = /^\d/.test(typed);
    const most = mistaken && !number ? mistakesIn(typed.length) : 0;
    this.vocabulary.forEach((word, i) => {
      if (word === typed) fits[i] = EQUAL;
      else if (number) return;
      else if (word.startsWith(typed)) fits[i] = BEGINS;
      else if (most > 0) {
        const apart = editDistance(typed, word, most, false);
        if (apart < Infinity) fits[i] = BEGINS + apart;
      }
    });
    return fits;
  }

  private get designated(): Map<string, { entry: number; text: string }[]> {
    if (this.keyed) return this.keyed;
    const keyed = (this.keyed = new Map<string, { entry: number; text: string }[]>());
    this.all.forEach(({ designations }, entry) => {
      for (const text of designations) {
        const key = designationKey(text);
        const parted = /^(gj \d+) [a-d]$/.exec(key);
        for (const each of parted ? [key, parted[1]] : [key]) {
          const there = keyed.get(each);
          if (there) there.push({ entry, text });
          else keyed.set(each, [{ entry, text }]);
        }
      }
    });
    return keyed;
  }

  private add(entry: number, text: string, spellings: readonly string[], proper: boolean): void {
    const written = spellings.map(wordsOf);
    const words = [...new Set(written.flat())].map((word) => {
      const known = this.numbers.get(word);
      if (known !== undefined) return known;
      this.numbers.set(word, this.vocabulary.length);
      return this.vocabulary.push(word) - 1;
    });
    const name = { entry, text: designationText(text), words, proper };
    for (const word of words) (this.namesOf[word] ??= []).push(name);
    for (const key of new Set(written.map((each) => each.join("")))) if (key) this.keys.push({ key, name });
    this.bags[entry] = [...new Set([...this.bags[entry], ...words])];
  }
}

/** The mistakes when each typed word takes another one of `words`, the one that fits it best; null where one finds none. */
function assigned(fits: readonly Uint8Array[], words: readonly number[]): number | null {
  let [mistakes, taken] = [0, 0];
  for (const fit of fits) {
    let [best, at] = [NOT, -1];
    for (let i = 0; i < words.length; i++) {
      if (fit[words[i]] < best && !((taken >> i) & 1)) [best, at] = [fit[words[i]], i];
    }
    if (at < 0) return null;
    taken |= 1 << at;
    mistakes += Math.max(best - BEGINS, 0);
  }
  return mistakes;
}

/** A designation in a constellation with abbreviation and genitive, and without the number of a component. */
function spellingsOf(designation: string): string[] {
  const short = designation.slice(-3);
  const genitive = designation.at(-4) === " " ? GENITIVES.get(short) : undefined;
  if (!genitive) return [designation];
  const before = designation.slice(0, -4);
  const bayer = BAYER.exec(designation);
  const stems = bayer?.[2] ? [before, bayer[1]] : [before];
  return stems.flatMap((stem) => [`${stem} ${short}`, `${stem} ${genitive}`]);
}
