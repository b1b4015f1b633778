import { copyFileSync } from "node:fs";
import { defineConfig } from "vite";

// The element as one module without imports, for bundlers and for a page's own `<script type="module">`. The folder also gets the
// viewer, by `vite.config.ts`, and types, by `tsconfig.lib.json`: all that `npm pack` takes.
export default defineConfig({
  build: {
    outDir: "dist-lib",
    emptyOutDir: false,
    target: "es2022",
    lib: { entry: "src/embed/sky_element.ts", formats: ["es"], fileName: () => "helios-sky.js" },
  },
  plugins: [{ name: "licence", closeBundle: () => copyFileSync("../LICENSE", "dist-lib/LICENSE") }],
});
