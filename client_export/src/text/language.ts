/** The language of the page: chosen once, when it starts. */
import type { Texts } from "./en.ts";
import { TEXT } from "./text.ts";

/** The languages that there are, by their codes, in their own words. */
export const LANGUAGES = { en: "English", de: "Deutsch", fr: "Français" };
export type Language = keyof typeof LANGUAGES;
/** What a link says of it, before `#`. */
export const LINK = "lang";

const FILES: Record<Language, () => Promise<{ default: Texts }>> = {
  en: () => import("./en.ts"),
  de: () => import("./de.ts"),
  fr: () => import("./fr.ts"),
};

/** The first of `wanted` that there is, as `de` for `de-AT`; English where there is none. */
export function languageOf(wanted: readonly (string | null)[]): Language {
  const codes = wanted.map((each) => each?.toLowerCase().split(/[-_]/)[0] ?? "");
  return (codes.find((code) => Object.hasOwn(LANGUAGES, code)) ?? "en") as Language;
}

/** The language that the link asks for, else the visitor's browser. */
export function wantedLanguage(): Language {
  return languageOf([new URLSearchParams(window.location.search).get(LINK), ...window.navigator.languages]);
}

/** Takes the texts of `language`, or English where its file does not come. @throws TypeError where neither does. */
export async function speak(language: Language): Promise<void> {
  const file = await FILES[language]().catch(FILES.en);
  Object.assign(TEXT, file.default);
}

/** Puts the texts of `root` in their places: `data-say="text=auto title=autoTitle"` names those of TEXT.page. */
export function fill(root: ParentNode): void {
  for (const element of root.querySelectorAll<HTMLElement>("[data-say]")) {
    for (const pair of element.dataset.say?.split(" ") ?? []) {
      const [where, what] = pair.split("=");
      const text = TEXT.page[what as keyof Texts["page"]];
      if (where === "text") element.textContent = text;
      else element.setAttribute(where, text);
    }
  }
}

let spoken: Promise<void> | null = null;

/** Lets the page speak the language that is wanted. @throws TypeError where no texts come; the next call asks again. */
export function usePageLanguage(): Promise<void> {
  spoken ??= takeUp().catch((reason: unknown) => {
    spoken = null;
    throw reason;
  });
  return spoken;
}

async function takeUp(): Promise<void> {
  await speak(wantedLanguage());
  document.documentElement.lang = TEXT.locale;
  fill(document);
}
