import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";
import { forbiddenImports } from "../../scripts/imports/forbidden-imports.js";

const manifest = (name: string): string =>
  JSON.stringify({ name, exports: { ".": { "@flowify/source": "./src/index.ts" } } });
const workspaces = {
  "packages/core/package.json": manifest("@flowify/core"),
  "packages/onnx/package.json": manifest("@flowify/onnx"),
  "packages/cli/package.json": manifest("flowify"),
};

/** What the check says about a repository of these files. */
function check(files: Readonly<Record<string, string>>): string[] {
  const root = mkdtempSync(join(tmpdir(), "flowify-imports-"));
  try {
    for (const [path, text] of Object.entries({ ...workspaces, ...files })) {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return forbiddenImports(root).violations;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

test("imports that run one way pass", () => {
  expect(
    check({
      "packages/core/src/index.ts": 'export { a } from "./math/a.js";',
      "packages/core/src/math/a.ts": 'import "@jax-js/jax"; export const a = 1;',
      "packages/core/src/chain.ts": 'import { a } from "./math/a.js"; export type B = typeof a;',
      "packages/core/test/catalog.ts": "export const catalog = [];",
      "packages/onnx/src/index.ts": 'export { a } from "@flowify/core"; import "onnxruntime-node";',
      "packages/onnx/test/x.test.ts": 'import { catalog } from "../../core/test/catalog.js";',
      "packages/cli/src/main.ts": 'import "node:fs"; await import("@flowify/onnx");',
      "scripts/x.ts": 'import "flowify"; import "@flowify/core";',
    }),
  ).toEqual([]);
});

test("imports against the direction are named with their line", () => {
  expect(
    check({
      "packages/core/src/index.ts": "export const c = 1;",
      "packages/core/src/math/a.ts": 'import { b } from "./b.js";\nimport "node:fs";',
      "packages/core/src/math/b.ts":
        'import "./a.js";\nawait import("onnxruntime-node");\nexport const b = 1;',
      "packages/core/src/math/c.ts": 'import type { C } from "@flowify/onnx";\nimport "@flowify/core";',
      "packages/onnx/src/index.ts": 'import "flowify";\nimport "../../core/src/math/b.js";',
      "packages/onnx/test/x.test.ts": 'import "../../cli/test/help.js";',
      "packages/cli/test/help.ts": "export {};",
    }),
  ).toEqual([
    'packages/core/src/math/a.ts:2 "node:fs": core imports only @jax-js/jax, ml-matrix, valibot and its own files',
    'packages/core/src/math/b.ts:2 "onnxruntime-node": core imports only @jax-js/jax, ml-matrix, valibot and its own files',
    'packages/core/src/math/c.ts:1 "@flowify/onnx": packages/core must not import packages/onnx (core, jax-to-onnx ← onnx ← cli ← playground, core ← compress ← cli)',
    'packages/core/src/math/c.ts:2 "@flowify/core" is this package: import the file',
    'packages/onnx/src/index.ts:1 "flowify": packages/onnx must not import packages/cli (core, jax-to-onnx ← onnx ← cli ← playground, core ← compress ← cli)',
    'packages/onnx/src/index.ts:2 "../../core/src/math/b.js" leaves packages/onnx: import packages/core by its name',
    'packages/onnx/test/x.test.ts:1 "../../cli/test/help.js" leaves packages/onnx: import packages/cli by its name',
  ]);
});

test("lint finds cycles, one of types alone among them, and what core or onnx would print", () => {
  const root = mkdtempSync(join(tmpdir(), "flowify-lint-"));
  const files = {
    "packages/core/src/layer.ts":
      'import type { Data } from "./data.js";\nexport type Layer = (data: Data) => void;',
    "packages/core/src/data.ts":
      'import type { Layer } from "./layer.js";\nexport type Data = { of: Layer };',
    "packages/onnx/src/loud.ts": 'export const loud = (): void => console.warn("x");',
    "packages/cli/src/loud.ts": 'export const loud = (): void => console.warn("x");',
  };
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    copyFileSync(".oxlintrc.json", join(root, ".oxlintrc.json"));
    const { stdout } = spawnSync(resolve("node_modules/.bin/oxlint"), ["--format", "unix"], {
      cwd: root,
      encoding: "utf8",
    });
    const found = [...stdout.matchAll(/^(\S+\.ts):.*(no-cycle|no-console)/gm)].map(
      ([, path, rule]) => `${path} ${rule}`,
    );
    expect(found.toSorted()).toEqual([
      "packages/core/src/data.ts no-cycle",
      "packages/core/src/layer.ts no-cycle",
      "packages/onnx/src/loud.ts no-console",
    ]);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test("rooms of core import what stands below them, and every file has a place", () => {
  expect(
    check({
      "packages/core/src/math/linalg.ts":
        'import type { HostArray } from "../params/host-array.js";\nimport "../layer.js";',
      "packages/core/src/params/host-array.ts": 'import "../math/rng.js";\nimport "../shape.js";',
      "packages/core/src/math/rng.ts": "export {};",
      "packages/core/src/shape.ts": "export {};",
      "packages/core/src/layer.ts": 'import "./init/calibration-data.js";',
      "packages/core/src/init/calibration-data.ts": 'import "../executor/executor.js";',
      "packages/core/src/executor/executor.ts": "export {};",
      "packages/core/src/layers/linear.ts": 'import "../layer.js";\nimport "../train/step.js";',
      "packages/core/src/train/step.ts": 'import "../model/model.js";',
      "packages/core/src/model/model.ts": "export {};",
      "packages/core/src/attic/old.ts": "export {};",
      "packages/core/src/index.ts": 'export { laws } from "./testing/laws.js";',
      "packages/core/src/testing/laws.ts": "export const laws = [];",
    }),
  ).toEqual([
    "packages/core/src/attic/old.ts:1 has no place in the order of core's rooms: add it to `floors`",
    'packages/core/src/index.ts:1 "./testing/laws.js" stands above index.ts in the order of core\'s rooms',
    'packages/core/src/layers/linear.ts:2 "../train/step.js" stands above layers/linear.ts in the order of core\'s rooms',
    'packages/core/src/math/linalg.ts:1 "../params/host-array.js" stands above math/linalg.ts in the order of core\'s rooms',
    'packages/core/src/math/linalg.ts:2 "../layer.js" stands above math/linalg.ts in the order of core\'s rooms',
    'packages/core/src/train/step.ts:1 "../model/model.js" stands above train/step.ts in the order of core\'s rooms',
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
    'packages/onnx/src/index.ts:1 "node:fs": browsers load this file and lack this module',
    'packages/onnx/src/read.ts:2 "onnxruntime-node": browsers load this file and lack this module',
  ]);
});
