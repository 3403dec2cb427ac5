import { defineConfig, type UserConfig } from "tsdown";

const common: UserConfig = {
  platform: "node",
  target: "node20",
  fixedExtension: false,
  deps: { onlyBundle: [] },
  failOnWarn: true,
};

// main.js is the command, which bin/flowify.js loads; index.js is what other programs import, format.js what pages do, charts.js what draws in their look, posterior.js and regression.js what they say, tables.js the detectors of odd rows, posterior-browser.js and tables-browser.js the same for pages.
export default defineConfig([
  {
    ...common,
    entry: [
      "src/index.ts",
      "src/main.ts",
      "src/format.ts",
      "src/charts.ts",
      "src/posterior.ts",
      "src/posterior-browser.ts",
      "src/regression.ts",
      "src/tables.ts",
      "src/tables-browser.ts",
    ],
    dts: true,
  },
  // started by their paths: beside the others
  {
    ...common,
    entry: {
      "watch-thread": "src/ranks/watch-thread.js",
      "simulator-thread": "src/posterior/simulator-thread.js",
      "duckdb-process": "src/data/table/duckdb-process.js",
    },
    dts: false,
    clean: false,
  },
]);
