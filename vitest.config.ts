import { defineConfig } from "vitest/config";
import { chromiumPath } from "./scripts/chromium.js";

const chromium = chromiumPath();

// Sources are read across workspaces, so no test needs a build.
const conditions = ["@flowify/source", "module", "node", "development|production"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["@flowify/source", "node"] } },
  test: {
    include: [
      "packages/*/test/**/*.test.ts",
      "test/**/*.test.ts",
      // in a browser; scripts/test.ts says so where there is none
      ...(chromium ? ["apps/*/test/**/*.test.ts"] : []),
    ],
    // tests that use ONNX Runtime without our executor leave no telemetry behind either
    env: { ORT_DISABLE_TELEMETRY: "1", ...(chromium && { CHROMIUM: chromium }) },
    setupFiles: ["scripts/vitest/no-console.ts"],
    globalSetup: ["scripts/vitest/one-build.ts"],
    reporters: ["default", "./scripts/vitest/totals-reporter.ts"],
    pool: "forks",
    maxWorkers: 2,
    // Native kernels and wasm compile inside tests: slow under load, never by minutes.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    coverage: {
      include: ["packages/*/src/**/*.ts"],
      reporter: ["text", "json-summary"],
      // lines of code, in percent; what runs in processes of its own does not count
      thresholds: {
        "packages/core/src/**": { lines: 95 },
        "packages/jax-to-onnx/src/**": { lines: 90 },
        "packages/onnx/src/**": { lines: 90 },
        "packages/cli/src/**": { lines: 90 },
      },
    },
    allowOnly: false,
    passWithNoTests: false,
  },
});
