import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";

const root = mkdtempSync(join(tmpdir(), "flowify-size-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(join(root, dirname(path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function check(...more: string[]): { status: number | null; stdout: string } {
  const args = ["--import", "tsx", "scripts/check-size.ts", root, ...more];
  return spawnSync(process.execPath, args, { encoding: "utf8" });
}

const lines = (count: number, text = "// a line"): string => `${text}\n`.repeat(count);
const ceilings = (): Record<string, number> =>
  JSON.parse(readFileSync(join(root, "scripts/size/ceilings.json"), "utf8")) as Record<string, number>;

test("a figure above its goal fails and says where, two folders that import each other among them", () => {
  write("packages/cli/src/a/long.ts", lines(321));
  write("packages/cli/src/a/short.ts", lines(19));
  // types count as well
  write("packages/cli/src/a/one.ts", `import type { B } from "../b/two.js";\n${lines(30)}`);
  write("packages/cli/src/b/two.ts", `import { a } from "../a/other.js";\n${lines(30)}`);
  write("packages/cli/src/a/other.ts", lines(30));
  const { status, stdout } = check();
  expect(status).toBe(1);
  expect(stdout).toMatch(/files of over 320 lines +1 +0 +0\n {2}packages\/cli\/src\/a\/long.ts: 321\n/);
  expect(stdout).toContain("  packages/cli/src/a/short.ts: 19\n");
  expect(stdout).toMatch(
    /folder pairs both ways: command +1 +0 +0\n {2}packages\/cli\/src\/a packages\/cli\/src\/b\n/,
  );
});

test("a figure passes under the ceiling of a day; ceilings go down with the figures, and never up", {
  tags: ["long"],
}, () => {
  write("packages/cli/src/a/long.ts", lines(321));
  write("packages/cli/src/a/other.ts", lines(30));
  write("scripts/size/ceilings.json", "{}");
  expect(check("--write").status).toBe(0);
  const later = check();
  expect(later.status).toBe(0);
  expect(later.stdout).toMatch(/files of over 320 lines +1 +1 +0\n/);
  write("packages/cli/src/a/long.ts", lines(320));
  check("--write");
  expect(ceilings()["files of over 320 lines"]).toBe(0);
  write("packages/cli/src/a/long.ts", lines(321));
  check("--write");
  expect(ceilings()["files of over 320 lines"]).toBe(0);
  expect(check().status).toBe(1);
});

test("names that an entry lists twice, or under another name, are told; types count", () => {
  const entries = { ".": "0.ts", "./layer": "1.ts" };
  const exported = Object.entries(entries).map(([entry, file]) => [entry, { "@flowify/source": file }]);
  const manifest = { name: "@flowify/core", exports: Object.fromEntries(exported) };
  write("packages/core/package.json", JSON.stringify(manifest));
  write("packages/core/0.ts", 'export { type a, b as c } from "./a.js";');
  write("packages/core/1.ts", 'export { a } from "./a.js";\nimport "./c.js";');
  const { status, stdout } = check();
  expect(status).toBe(1);
  expect(stdout).toMatch(/exported names +3 /);
  expect(stdout).toContain(
    "  packages/core/0.ts: b is exported as c\n  packages/core/1.ts: a is listed by @flowify/core already\n",
  );
});
