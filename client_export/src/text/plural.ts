/** Numbers with their nouns, by the rules of a language. */

type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/** Writes a count of `locale` in the form that it asks for, in place of `#`: `{ one: "# star", other: "# stars" }`. */
export function counted(locale: string): (count: number, forms: Forms) => string {
  const rules = new Intl.PluralRules(locale);
  return (count, forms) => (forms[rules.select(count)] ?? forms.other).replace("#", count.toLocaleString(locale));
}
