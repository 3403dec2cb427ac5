import type { Reporter, SerializedError, TestModule, Vitest } from "vitest/node";

/**
 * Ends a run with one line, `N passed, N failed`. A skipped test or a todo counts as failed, except with `-t`; so do a
 * file that could not be loaded and an error outside of tests. Tests of the tag that this run leaves to the other one of
 * `npm test` and `npm run test:long` do not count.
 */
export default class TotalsReporter implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const byName = this.#vitest?.config.testNamePattern !== undefined;
    const [filter] = this.#vitest?.config.tagsFilter ?? [];
    const isLeftOut = (tags: readonly string[]): boolean =>
      filter !== undefined && tags.includes("long") !== (filter === "long");
    let passed = 0;
    let failed = unhandledErrors.length;
    for (const module of modules) {
      let failedHere = 0;
      for (const test of module.children.allTests()) {
        if (isLeftOut(test.tags)) continue;
        const { state } = test.result();
        if (state === "passed") passed++;
        else if (state === "failed" || !byName) {
          failedHere++;
          if (state !== "failed") console.log(`NOT RUN ${module.relativeModuleId} > ${test.fullName}`);
        }
      }
      if (failedHere === 0 && !module.ok()) failedHere = 1;
      failed += failedHere;
    }
    if (failed > 0 || passed === 0) process.exitCode = 1;
    console.log(`${passed} passed, ${failed} failed`);
  }
}
