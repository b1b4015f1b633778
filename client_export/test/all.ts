/** All tests in one process: to load TypeScript anew for each file takes as long as the tests. */
import { readdirSync } from "node:fs";

const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".test.ts"));
for (const name of files.sort()) await import(`./${name}`);
