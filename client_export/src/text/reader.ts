/** The texts of pack_reader.ts, taken alone out of the file of all texts as those of `start.ts` are. */
export { reader } from "./en.ts";
