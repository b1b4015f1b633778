/** Texts as they are compared: without case, accents, apostrophes and blanks that no one types alike. */

const GREEK =
  "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi psi omega".split(
    " ",
  );
/** Lower-case letters in the order of GREEK; the final sigma comes in between. */
const LETTERS = "αβγδεζηθικλμνξοπρστυφχψω";
/** The same letters in other forms. */
const FORMS: Record<string, string> = { ς: "σ", ϑ: "θ", ϕ: "φ", ϵ: "ε", ϰ: "κ", ϱ: "ρ", ϖ: "π" };
/** What accents do not make of plain letters. */
const PLAIN: Record<string, string> = { ß: "ss", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", ı: "i" };
/** Marks that are typed, or copied, for an apostrophe. */
const APOSTROPHES = /['’‘‛ʼʹʻ`´′＇"“”]/g;

/** Greek letters by the first three letters of their names, as catalogues write them: `alf` is Simbad's. */
export const GREEK_SHORT: ReadonlyMap<string, string> = new Map([
  ...GREEK.map((name) => [name.slice(0, 3), name] as const),
  ["alf", "alpha"],
  ["alfa", "alpha"],
  ["tet", "theta"],
  ["ksi", "xi"],
  ["fi", "phi"],
]);

/** Letters and numbers apart: `M31` and `m 31` are `m`, `31`; `α¹ Cen` is `alpha`, `1`, `cen`. Numbers lose zeros in front. */
export function wordsOf(text: string): string[] {
  const spelled = text
    .replace(APOSTROPHES, "")
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[ςϑϕϵϰϱϖ]/g, (letter) => FORMS[letter])
    .replace(/[α-ω]/g, (letter) => ` ${GREEK[LETTERS.indexOf(letter)]} `)
    .replace(/[ßæœøłđðþı]/g, (letter) => PLAIN[letter]);
  const words = spelled.match(/\p{N}+|\p{L}+/gu) ?? [];
  return words.map((word) => (/^\d/.test(word) ? word.replace(/^0+(?=\d)/, "") : word));
}

/** Catalogue designations with Greek letters and raised numbers: `alpha1 Cen` as `α¹ Cen`. */
export function designationText(designation: string): string {
  const found = /^([a-z]{2,7})(\d*) (\p{Lu}.*)$/u.exec(designation);
  const letter = found ? GREEK.indexOf(found[1]) : -1;
  if (!found || letter < 0) return designation;
  return `${LETTERS[letter]}${[...found[2]].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]).join("")} ${found[3]}`;
}
