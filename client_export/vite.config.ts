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

export default defineConfig({
  base: "./",
  plugins: [
    {
      name: "shaders-without-comments-and-spaces",
      enforce: "pre",
      transform: (code) =>
        code.replace(/\/\* glsl \*\/ `[^`]*`/g, (shader) =>
          shader
            .replace(/\s*\/\/.*/g, "")
            .replace(/\s*([=*<>(),;{}?:])\s*/g, "$1")
            .replace(/ ([-+/]) /g, "$1")
            .replace(/\n\s+/g, "\n"),
        ),
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
