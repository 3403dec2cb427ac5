import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const manifest = (name: string, needs: object): string =>
  JSON.stringify({ name, exports: { ".": { "@flowify/source": "./src/index.ts" } }, ...needs });
const any = "1.0.0";
const workspaces = {
  "packages/core/package.json": manifest("@flowify/core", {
    dependencies: { "@jax-js/jax": any, "ml-matrix": any },
  }),
  "packages/onnx/package.json": manifest("@flowify/onnx", {
    dependencies: { "@flowify/core": any },
    optionalDependencies: { "onnxruntime-node": any },
    peerDependencies: { "onnxruntime-web": any },
    devDependencies: { "onnx-judge": any },
  }),
  "packages/cli/package.json": manifest("flowify", {
    dependencies: { "@flowify/core": any, "@flowify/onnx": any },
  }),
};

/** What the check says about a repository of these files. */
function check(files: Readonly<Record<string, string>>): string[] {
  const root = mkdtempSync(join(tmpdir(), "flowify-imports-"));
  try {
    for (const [path, text] of Object.entries({ ...workspaces, ...files })) {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    const args = ["--import", "tsx", "scripts/check-imports.ts", root];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
    const lines = stdout.trimEnd().split("\n").slice(0, -1);
    expect(status).toBe(lines.length > 0 ? 1 : 0);
    return lines;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

test("imports that run one way pass", () => {
  expect(
    check({
      "packages/core/src/index.ts": 'export { a } from "./a.js";',
      // a cycle of types alone vanishes before anything runs
      "packages/core/src/a.ts": 'import type { B } from "./b.js"; import "@jax-js/jax"; export const a = 1;',
      "packages/core/src/b.ts": 'import { a } from "./a.js"; export type B = typeof a;',
      "packages/core/test/catalog.ts": "export const catalog = [];",
      "packages/onnx/src/index.ts": 'export { a } from "@flowify/core"; import "onnxruntime-node";',
      "packages/onnx/test/x.test.ts": 'import { catalog } from "../../core/test/catalog.js";',
      "packages/cli/src/main.ts": 'import "node:fs"; await import("@flowify/onnx");',
      "scripts/x.ts": 'import "flowify"; import "@flowify/core";',
    }),
  ).toEqual([]);
});

test("imports against the direction, cycles and unnamed exports are named with their line", () => {
  expect(
    check({
      "packages/core/src/index.ts": '\nexport * from "./a.js";\nexport * as b from "./b.js";',
      "packages/core/src/a.ts": 'import { b } from "./b.js";\nimport "node:fs";\nexport default b;',
      "packages/core/src/b.ts": 'import "./a.js";\nawait import("onnxruntime-node");\nexport const b = 1;',
      "packages/core/src/c.ts": 'import type { C } from "@flowify/onnx";\nimport "@flowify/core";',
      "packages/onnx/src/index.ts": 'import "flowify";\nimport "../../core/src/b.js";',
      "packages/onnx/test/x.test.ts": 'import "../../cli/test/help.js";',
      "packages/cli/test/help.ts": "export {};",
    }),
  ).toEqual([
    "import cycle: packages/core/src/a.ts → packages/core/src/b.ts → packages/core/src/a.ts",
    'packages/core/src/a.ts:2 "node:fs": core imports only @jax-js/jax, ml-matrix and its own files',
    "packages/core/src/a.ts:3 default export: export a name",
    'packages/core/src/b.ts:2 "onnxruntime-node": core imports only @jax-js/jax, ml-matrix and its own files',
    'packages/core/src/c.ts:1 "@flowify/onnx": packages/core must not import packages/onnx (core ← onnx ← cli ← playground)',
    'packages/core/src/c.ts:2 "@flowify/core" is this very package: import the file',
    "packages/core/src/index.ts:2 `export *`: list every public name once",
    "packages/core/src/index.ts:3 `export *`: list every public name once",
    'packages/onnx/src/index.ts:1 "flowify": packages/onnx must not import packages/cli (core ← onnx ← cli ← playground)',
    'packages/onnx/src/index.ts:2 "../../core/src/b.js" leaves packages/onnx: import packages/core by its name',
    'packages/onnx/test/x.test.ts:1 "../../cli/test/help.js" leaves packages/onnx: import packages/cli by its name',
  ]);
});

test("what a published package imports it declares itself", () => {
  expect(
    check({
      "packages/onnx/src/index.ts":
        'import "onnxruntime-web/wasm"; import "onnxruntime-node"; import "@flowify/core"; import "node:fs";',
      "packages/onnx/src/judge.ts": 'import "onnx-judge";',
      "packages/onnx/test/judge.test.ts": 'import "onnx-judge";',
      "packages/cli/src/main.ts": '\nimport { numpy } from "@jax-js/jax";\nawait import("sharp/lib");',
      "packages/cli/test/main.test.ts": 'import "@jax-js/jax";',
    }),
  ).toEqual([
    'packages/cli/src/main.ts:2 "@jax-js/jax": packages/cli/package.json does not declare @jax-js/jax as a dependency',
    'packages/cli/src/main.ts:3 "sharp/lib": packages/cli/package.json does not declare sharp as a dependency',
    'packages/onnx/src/judge.ts:1 "onnx-judge": packages/onnx/package.json does not declare onnx-judge as a dependency',
  ]);
});

test("what draws charts is loaded where a chart is drawn", () => {
  expect(
    check({
      "packages/core/src/index.ts": "export const a = 1;",
      "scripts/good.ts": 'import type { View } from "vega";\nawait import("vega-lite");',
      "scripts/bad.ts": 'import { View } from "vega";',
    }),
  ).toEqual(['scripts/bad.ts:1 "vega": load it by import() at the place of use']);
});

test("what browsers load has nothing of Node in it", () => {
  expect(
    check({
      "packages/core/src/index.ts": "export const a = 1;",
      "packages/onnx/src/index.ts": 'import "node:fs"; export const b = 1;',
      "packages/onnx/src/browser.ts": 'import type { Stats } from "node:fs"; import "./read.js";',
      "packages/onnx/src/read.ts": '\nimport "onnxruntime-node";',
      "apps/playground/src/main.tsx": 'import "@flowify/core"; await import("@flowify/onnx");',
      "apps/playground/vite.config.ts": 'import "node:path";',
    }),
  ).toEqual([
    'packages/onnx/src/index.ts:1 "node:fs": browsers load this file, and have no such module',
    'packages/onnx/src/read.ts:2 "onnxruntime-node": browsers load this file, and have no such module',
  ]);
});
