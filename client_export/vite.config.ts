import { readFileSync } from "node:fs";
import { defineConfig } from "vite";

// Every path is relative and every name is fixed: a site works from any folder of any static server, and the same
// source gives the same bytes, which `tests/unit/test_bundle.py` checks.
export default defineConfig({
  base: "./",
  plugins: [
    {
      name: "shaders-without-comments-and-indents",
      enforce: "pre",
      transform: (code) =>
        code.replace(/\/\* glsl \*\/ `[^`]*`/g, (shader) => shader.replace(/\s*\/\/.*/g, "").replace(/\n\s+/g, "\n")),
    },
    {
      name: "licences-of-what-is-bundled",
      generateBundle() {
        const source = readFileSync(new URL("node_modules/three/LICENSE", import.meta.url));
        this.emitFile({ type: "asset", fileName: "assets/three.LICENSE.txt", source });
      },
    },
  ],
  build: {
    outDir: "../helios/web",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000,
    rollupOptions: {
      output: {
        entryFileNames: "assets/viewer.js",
        chunkFileNames: "assets/[name].js",
        assetFileNames: "assets/viewer[extname]",
      },
    },
  },
});
