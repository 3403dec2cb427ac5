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
    env: chromium ? { CHROMIUM: chromium } : {},
    setupFiles: ["scripts/vitest/no-console.ts"],
    reporters: ["default", "./scripts/vitest/totals-reporter.ts"],
    pool: "forks",
    maxWorkers: 2,
    // Native kernels and wasm compile inside tests: slow under load, never by minutes.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    allowOnly: false,
    passWithNoTests: false,
  },
});
