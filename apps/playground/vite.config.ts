import { defineConfig, type Plugin } from "vite";
import { digits } from "./digits.js";
import { docsPages } from "./docs-pages.js";

/** Threads in Wasm need an isolated page; where a host sends no such headers, the page runs with one. */
const isolated = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** Writes the list of all files, with a name for this version of them, into the service worker. */
function offline(): Plugin {
  return {
    name: "offline",
    apply: "build",
    enforce: "post",
    generateBundle(_options, bundle) {
      const files = Object.keys(bundle).filter((file) => file !== "sw.js");
      const worker = bundle["sw.js"];
      if (worker?.type !== "chunk") throw new Error("sw.js is not among the outputs");
      const list = JSON.stringify(["./", "theme.js", "icon.svg", "classifier.onnx", ...files]);
      worker.code = `const FILES = ${list};\n${worker.code}`;
    },
  };
}

export default defineConfig({
  // Any host, any path.
  base: "./",
  resolve: { conditions: ["@flowify/source", "module", "browser", "development|production"] },
  worker: { format: "es" },
  build: {
    target: "es2023",
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { index: "index.html", sw: "src/shell/service-worker.ts" },
      output: { entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js") },
    },
  },
  plugins: [digits(), docsPages(), offline()],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  server: { headers: isolated },
  preview: { headers: isolated },
});
