import { defineConfig } from "tsdown";

export default defineConfig([
  {
    entry: ["src/index.ts", "src/browser.ts"],
    platform: "node",
    target: "node20",
    fixedExtension: false,
    dts: true,
    deps: { onlyBundle: [] },
    failOnWarn: true,
  },
  {
    entry: ["src/workers/worker.js"], // started by its path: beside the others
    platform: "node",
    target: "node20",
    fixedExtension: false,
    dts: false,
    deps: { onlyBundle: [] },
    clean: false,
    failOnWarn: true,
  },
]);
