/** What a visitor reads. At first there is only what may be said before the first sky; `language.ts` adds all else. */
import type { Texts } from "./en.ts";
import { start } from "./start.ts";

/** The texts in the visitor's language. Read one when it is shown, not when a module is loaded. */
export const TEXT = { ...start } as Texts;
