import { readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { defineConfig } from "vite";

// Every path is relative: a site works from any folder of any static server. The same source gives the same bytes and
// names, which `tests/unit/test_bundle.py` checks. Scripts and styles bear eight hexadecimal digits of their content, as
// `assets/viewer-0123abcd.js`: a name never has other bytes, so whoever serves one may say that it lasts for ever, which
// `helios serve` does.
const names = {
  hashCharacters: "hex",
  entryFileNames: "assets/viewer-[hash].js",
  chunkFileNames: "assets/[name]-[hash].js",
  assetFileNames: "assets/viewer-[hash][extname]",
} as const;

const SHADERS = /\/\* glsl \*\/ `[^`]*`/g;

/** What shaders call their variables and functions, but not uniforms, which have names in scripts too, to short names. */
const shortNames = (() => {
  const folder = new URL("src/", import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const shaders = files.flatMap((name) => readFileSync(new URL(name, folder), "utf8").match(SHADERS) ?? []).join("\n");
  const declared = (before: string) =>
    [...shaders.matchAll(new RegExp(`${before}(?:float|int|bool|[i]?vec[234]|mat3|sampler2D) (\\w{3,})`, "g"))].map(
      (found) => found[1],
    );
  // A variable may be named as a function of the language that another shader calls.
  const called = declared("")
    .filter((name) => new RegExp(`[^.\\w]${name}\\(`).test(shaders))
    .filter((name) => !new RegExp(`(?:float|int|bool|[i]?vec[234]|mat3) ${name}\\(`).test(shaders));
  const kept = new Set([...declared("uniform "), ...called]);
  const names = [...new Set(declared("(?<!uniform )\\b"))].filter((name) => !kept.has(name));
  const uses = new Map(names.map((name) => [name, shaders.split(new RegExp(`\\b${name}\\b`)).length]));
  names.sort((a, b) => (uses.get(b) ?? 0) - (uses.get(a) ?? 0) || (a < b ? -1 : 1));
  return new Map(names.map((name, number) => [name, `_${number.toString(36)}`]));
})();
const shortened = (glsl: string) =>
  glsl.replace(/\$\{[^}]*\}|(?<![.\w])[a-zA-Z]\w*/g, (word) => shortNames.get(word) ?? word);

export default defineConfig({
  base: "./",
  plugins: [
    {
      name: "shaders-without-comments-spaces-and-long-names",
      enforce: "pre",
      transform: (code) =>
        code.replace(SHADERS, (shader) =>
          shortened(shader.replace(/\s*\/\/.*/g, ""))
            .replace(/\s*([=*<>(),;{}?:%&|])\s*/g, "$1")
            .replace(/ ?([-+/]) ?/g, "$1")
            .replace(/(\d\.)0\b/g, "$1")
            .replace(/(?<![\d.\w])0(\.\d)/g, "$1")
            .replace(/\n\s+/g, "\n"),
        ),
    },
    {
      // Chunks hold whole modules. So what is needed before the file of all texts comes is made a module of its own.
      name: "first-texts",
      enforce: "pre",
      load: (id) =>
        /\/src\/text\/(start|reader|notices)\.ts$/.test(id)
          ? new RegExp(`^export const ${basename(id, ".ts")} = \\{\\n[^]*?^\\};$`, "m").exec(
              readFileSync(join(dirname(id), "en.ts"), "utf8"),
            )?.[0]
          : null,
    },
    {
      // What is imported later has no styles of its own to wait for, and nothing is loaded before it is asked for.
      name: "imports-as-they-are",
      enforce: "pre",
      load: (id) => (id === "\0vite/preload-helper.js" ? "export const __vitePreload = (load) => load();" : null),
    },
  ],
  build: {
    outDir: "../helios/web",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    rollupOptions: { output: names },
  },
  worker: { format: "es", rollupOptions: { output: { ...names, entryFileNames: "assets/[name]-[hash].js" } } },
});
