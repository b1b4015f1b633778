/** What was typed, as words to look for. */
import { shortened } from "./constellations.ts";
import { GREEK_SHORT, wordsOf } from "./text.ts";

/** Other ways to write the first word of a designation. */
const CATALOGUES: Record<string, string> = {
  messier: "m",
  caldwell: "c",
  hipparcos: "hip",
  hic: "hip",
  bs: "hr",
  gliese: "gj",
  gl: "gj",
  melotte: "mel",
};
/** Words that say nothing, beside others. */
const IDLE = new Set(["the", "star", "object", "of"]);
/** Catalogues in whose order a bare number is looked up. */
const NUMBERED = ["hip", "hd", "hr", "gaia"];
const SIGNED = /^\s*(bd|cd|cp|cpd)\s*([+−-])\s*0*(\d+)[\s°]+0*(\d+)[a-d]?\s*$/i;
const PLAIN = /^[A-Za-z]+ [1-9]\d*$/;
const GAIA = /^Gaia E?DR3 (\d+)$/;

/** A text to look up a designation by: the same, however it is written. */
export function designationKey(designation: string): string {
  if (PLAIN.test(designation)) return catalogued(designation.toLowerCase().split(" ")).join(" ");
  const gaia = GAIA.exec(designation);
  if (gaia) return `gaia ${gaia[1]}`;
  const signed = SIGNED.exec(designation);
  if (signed) return `${signed[1].toLowerCase().slice(0, 2)}${signed[2] === "+" ? "+" : "-"}${signed[3]} ${signed[4]}`;
  return withoutRelease(catalogued(wordsOf(designation))).join(" ");
}

/** The keys that what was typed may mean, the likeliest first. */
export function typedKeys(typed: string): string[] {
  const words = wordsOf(typed);
  if (words.length === 1 && /^\d+$/.test(words[0])) return NUMBERED.map((catalogue) => `${catalogue} ${words[0]}`);
  return [designationKey(typed.trim())];
}

/** The number in a catalogue of identifiers that was typed: bare, or after `Gaia`, `Gaia DR3` or `ID`; else null. */
export function typedIdentifier(typed: string): bigint | null {
  const found = /^\s*(?:(?:gaia(?:\s*e?dr\s*\d)?|id|star|source_id)[\s:#=]*)?(\d{1,20})\s*$/i.exec(typed);
  const value = found ? BigInt(found[1]) : 0n;
  return found && value < 1n << 64n ? value : null;
}

/** What was typed, word by word, and with abbreviations of catalogues, Greek letters and constellations in place of words. */
export function typedWords(typed: string): string[][] {
  const all = wordsOf(typed);
  const words = all.filter((word) => !IDLE.has(word));
  const short = shortened(words).map((word, at) => (at < words.length - 1 ? (GREEK_SHORT.get(word) ?? word) : word));
  const ways = [all, words, catalogued(short), ...components(words)].filter((each) => each.length > 0);
  return [...new Map(ways.map((each) => [each.join(" "), each])).values()];
}

/** Stars of a double: `alpha Centauri B` is `alpha2 Cen`, `61 Cygni A` the first of those called `61 Cyg`. */
function components(words: string[]): string[][] {
  const [letter, ...before] = [...words].reverse();
  if (before.length < 2 || !/^[ab]$/.test(letter)) return [];
  const [stem, ...rest] = shortened(before.reverse());
  const star = GREEK_SHORT.get(stem) ?? stem;
  return [[star, letter === "a" ? "1" : "2", ...rest], ...(letter === "a" ? [[star, ...rest]] : [])];
}

function catalogued(words: string[]): string[] {
  if (words[0] === "henry" && words[1] === "draper") return ["hd", ...words.slice(2)];
  return words.length > 1 && words[0] in CATALOGUES ? [CATALOGUES[words[0]], ...words.slice(1)] : words;
}

/** Gaia's release does not matter from the third on. */
function withoutRelease(words: string[]): string[] {
  return words[0] === "gaia" && /^e?dr$/.test(words[1]) && words[2] === "3" ? ["gaia", ...words.slice(3)] : words;
}
