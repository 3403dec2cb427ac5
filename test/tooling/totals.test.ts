import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";

/** The end of a vitest run over these files, with this repository's reporter. */
function run(
  files: Readonly<Record<string, string>>,
  ...flags: string[]
): { status: number | null; last: string } {
  mkdirSync("runs", { recursive: true });
  const root = mkdtempSync(resolve("runs", "totals-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    const config = join(root, "vitest.config.ts");
    const test = { reporters: [resolve("test/vitest/totals-reporter.ts")] };
    writeFileSync(config, `export default ${JSON.stringify({ root, test })};`);
    const args = [resolve("node_modules/vitest/vitest.mjs"), "run", "--config", config, ...flags];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8", cwd: root });
    return { status, last: stdout.trimEnd().split("\n").at(-1) ?? "" };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const imports = 'import { describe, test, beforeAll } from "vitest";\n';

test("passing tests are counted", () => {
  expect(run({ "a.test.ts": `${imports}test("a", () => {}); test("b", () => {});` })).toEqual({
    status: 0,
    last: "2 passed, 0 failed",
  });
});

test("what did not run counts as failed: skips, todos, a broken file, a failed set-up", () => {
  const files = {
    "a.test.ts": `${imports}test("a", () => {}); test.skip("b", () => {}); test.todo("c");`,
    "b.test.ts": 'import "./missing.js";',
    "c.test.ts": `${imports}beforeAll(() => { throw new Error("x"); }); test("d", () => {});`,
  };
  expect(run(files)).toEqual({ status: 1, last: "1 passed, 4 failed" });
});

test("tests left out by -t are not failures", () => {
  const files = { "a.test.ts": `${imports}test("one", () => {}); test("two", () => {});` };
  expect(run(files, "-t", "two")).toEqual({ status: 0, last: "1 passed, 0 failed" });
});
