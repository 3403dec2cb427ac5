import { defineConfig } from "vite";
import { digits } from "./digits.js";
import { offline } from "./offline.js";

/** Threads in Wasm need an isolated page; where a host sends no such headers, the page runs with one. */
const isolated = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export default defineConfig({
  // Any host, any path.
  base: "./",
  resolve: {
    conditions: ["@flowify/source", "module", "browser", "development|production"],
  },
  worker: { format: "es" },
  build: {
    target: "es2023",
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { index: "index.html", sw: "src/shell/service-worker.ts" },
      output: { entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js") },
    },
  },
  plugins: [digits(), offline()],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  server: { headers: isolated },
  preview: { headers: isolated },
});
