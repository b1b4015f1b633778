/** The texts that a page may need before its first sky: `vite.config.ts` takes them alone out of the file of all texts. */
export { start } from "./en.ts";
