import { defineConfig } from "tsdown";

// main.js is the command, which bin/flowify.js loads; index.js is what other programs import, format/index.js what pages do, charts.js what draws in their look, tables.js the detectors of odd rows, tables-browser.js the same for pages.
export default defineConfig({
  entry: [
    "src/index.ts",
    "src/main.ts",
    "src/format/index.ts",
    "src/charts.ts",
    "src/tables.ts",
    "src/tables-browser.ts",
  ],
  platform: "node",
  target: "node20",
  fixedExtension: false,
  dts: true,
  deps: { onlyBundle: [] },
  failOnWarn: true,
});
