import { defineConfig } from "vitest/config";

// Sources are read across workspaces, so no test needs a build.
const conditions = ["@flowify/source", "module", "node", "development|production"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["@flowify/source", "node"] } },
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
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
