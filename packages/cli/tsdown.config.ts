import { defineConfig } from "tsdown";

// main.js is the command, which bin/flowify.js loads; index.js is what other programs import, format/index.js what pages do, charts.js what draws in their look, tables.js the detectors of odd rows.
export default defineConfig([
  {
    entry: ["src/index.ts", "src/main.ts", "src/format/index.ts", "src/charts.ts", "src/tables.ts"],
    platform: "node",
    target: "node20",
    fixedExtension: false,
    dts: true,
    deps: { onlyBundle: [] },
    failOnWarn: true,
  },
  {
    entry: ["src/ranks/watch-thread.js"], // started by its path: beside the others
    platform: "node",
    target: "node20",
    fixedExtension: false,
    dts: false,
    deps: { onlyBundle: [] },
    clean: false,
    failOnWarn: true,
  },
]);
