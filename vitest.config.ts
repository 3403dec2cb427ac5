import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import { chromiumPath } from "./apps/playground/chromium.js";
import { LongestFirst } from "./test/vitest/longest-first.js";

const chromium = chromiumPath();

// Sources are read across workspaces, so no test needs a build.
const conditions = ["@flowify/source", "module", "node", "development|production"];

/** Files that replace modules, globals or the file system of their process, or measure it. */
const alone = [
  "packages/cli/test/data-command.test.ts",
  "packages/cli/test/data/table/where-absent.test.ts",
  "packages/cli/test/fallback.test.ts",
  "packages/cli/test/faults.test.ts",
  "packages/core/test/math/rng.test.ts",
  "packages/onnx/test/memory.test.ts",
  "packages/onnx/test/missing-runtime.test.ts",
];

/** Test files with a process for each, or one after the other in a few processes. */
const project = (
  name: string,
  isolate: boolean,
  files: { include: string[]; exclude?: string[] },
): TestProjectInlineConfiguration => ({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["@flowify/source", "node"] } },
  test: {
    name,
    isolate,
    ...files,
    // tests that use ONNX Runtime without our executor leave no telemetry behind either
    env: { ORT_DISABLE_TELEMETRY: "1", ...(chromium && { CHROMIUM: chromium }) },
    setupFiles: ["test/vitest/fast-hash.ts", ...(isolate ? [] : ["test/vitest/default-device.ts"])],
    pool: "forks",
    // as the command: most functions run too shortly to be worth optimizing; and short-lived arrays are a tenth of all time
    execArgv: ["--interrupt-budget=1000000", "--max-semi-space-size=64"],
    // kernels compile inside tests, which takes many times as long on a machine that does other work beside
    testTimeout: 180_000,
    hookTimeout: 240_000,
  },
});

export default defineConfig({
  test: {
    projects: [
      project("alone", true, { include: alone }),
      project("shared", false, {
        include: [
          "packages/*/test/**/*.test.ts",
          "test/**/*.test.ts",
          "apps/site/test/**/*.test.ts",
          // in a browser; scripts/test.ts says so where there is none
          ...(chromium ? ["apps/playground/test/**/*.test.ts"] : []),
        ],
        exclude: alone,
      }),
    ],
    globalSetup: ["test/vitest/builds.ts"],
    reporters: ["default", "./test/vitest/totals-reporter.ts"],
    // one more than the cores of CI: tests of pages and of processes wait now and then
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    coverage: {
      include: ["packages/*/src/**/*.ts"],
      reporter: ["text", "json-summary"],
      // lines of code, in percent; what runs in processes of its own does not count
      thresholds: {
        "packages/core/src/**": { lines: 95 },
        "packages/jax-to-onnx/src/**": { lines: 90 },
        "packages/onnx/src/**": { lines: 90 },
        "packages/compress/src/**": { lines: 95 },
        "packages/cli/src/**": { lines: 90 },
      },
    },
    allowOnly: false,
    tags: [
      {
        name: "long",
        description: "One more case of what a quicker test beside it tests as well: npm run test:long",
      },
    ],
    passWithNoTests: false,
  },
});
