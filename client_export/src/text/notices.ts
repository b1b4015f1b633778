/** The texts of messages, taken alone out of the file of all texts as those of `start.ts` are. */
export { notices } from "./en.ts";
