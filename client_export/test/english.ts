/** Run before every test: modules speak English, as on a page that has its texts. */
import en from "../src/text/en.ts";
import { TEXT } from "../src/text/text.ts";

Object.assign(TEXT, en);
