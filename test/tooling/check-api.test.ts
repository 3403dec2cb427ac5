import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

/** What the check says of a core whose entries are these files. */
function check(entries: Readonly<Record<string, string>>): { status: number | null; lines: string[] } {
  const root = mkdtempSync(join(tmpdir(), "flowify-api-"));
  const files = Object.entries(entries).map(([entry, text], i) => ({ entry, text, path: `./src/${i}.ts` }));
  const exported = Object.fromEntries(files.map(({ entry, path }) => [entry, { "@flowify/source": path }]));
  const write = (path: string, text: string): void => {
    mkdirSync(join(root, "packages/core", dirname(path)), { recursive: true });
    writeFileSync(join(root, "packages/core", path), text);
  };
  try {
    write("package.json", JSON.stringify({ name: "@flowify/core", exports: exported }));
    for (const { path, text } of files) write(path, text);
    const args = ["--import", "tsx", "scripts/check-api.ts", root];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
    return { status, lines: stdout.trimEnd().split("\n") };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const listed = (count: number): string =>
  `export { ${Array.from({ length: count }, (_, i) => `n${i}`).join(", ")} } from "./all.js";`;

test("prints the number of names of each entry, types among them, and fails above the limit", () => {
  const types = 'export { type A, b } from "./a.js";\nimport "./c.js";';
  expect(check({ ".": listed(52), "./layer": types })).toEqual({
    status: 1,
    lines: [
      "@flowify/core: 52 names, at most 51",
      "@flowify/core/layer: 2 names, at most 37",
      "@flowify/core: 52 names, at most 51: move what few need to another entry",
    ],
  });
});

test("fails on names that are listed twice, or under another name, and on an entry without a limit", () => {
  const { status, lines } = check({
    ".": 'export { a, b as c } from "./a.js";',
    "./layer": 'export { a } from "./a.js";',
    "./more": 'export { d } from "./a.js";',
  });
  expect(status).toBe(1);
  expect(lines.slice(3)).toEqual([
    "packages/core/src/0.ts: b is exported as c: one name for one idea",
    "packages/core/src/1.ts: a is listed by @flowify/core already",
    "@flowify/core/more: has no limit in scripts/check-api.ts",
  ]);
});
