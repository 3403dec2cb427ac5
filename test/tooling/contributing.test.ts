/** What CONTRIBUTING says about the compiler, done in a copy of its sources. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { lax, makeJaxpr, nn, numpy as np } from "@jax-js/jax";
import { afterAll, beforeAll, expect, it } from "vitest";

type Lowering = Pick<typeof import("jax-to-onnx/internal"), "lower">;

const root = resolve(import.meta.dirname, "../..");
const text = readFileSync(join(root, "CONTRIBUTING.md"), "utf8");
const [operator = "", pass = "", entry = ""] = [
  ...text.slice(text.indexOf("### The compiler")).matchAll(/^```ts\n(.*?)^```/gms),
].map(([, code]) => code);

let copy: string;
let lowering: Lowering;

/** Replaces a text that occurs once in a file of the copy. */
function edit(file: string, from: string, to: string): void {
  const path = join(copy, file);
  const parts = readFileSync(path, "utf8").split(from);
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} places with ${from}`);
  writeFileSync(path, parts.join(to));
}

beforeAll(async () => {
  copy = mkdtempSync(join(tmpdir(), "flowify-compiler-"));
  cpSync(join(root, "packages/jax-to-onnx/src"), copy, { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  // as if the primitive were new
  edit("rules/elementwise.ts", "  erf: unary(errorFunction),\n", operator);
  writeFileSync(join(copy, "passes/relu-twice.ts"), pass);
  edit("passes.ts", "  matrixChains,\n", `${entry}  matrixChains,\n`);
  edit(
    "passes.ts",
    "import type { Pass }",
    'import { reluTwice } from "./passes/relu-twice.js";\nimport type { Pass }',
  );
  lowering = (await import(pathToFileURL(join(copy, "lower.ts")).href)) as Lowering;
});

afterAll(() => rmSync(copy, { recursive: true }));

/** Operators of a function of a vector, and the passes that acted. */
function lowered(f: (x: np.Array) => np.Array): { operators: string[]; acted: string[] } {
  const x = np.zeros([3]);
  const { jaxpr } = makeJaxpr(f)(x);
  const { nodes, acted } = lowering.lower(jaxpr);
  jaxpr.dispose();
  x.dispose();
  return { operators: nodes.map(({ op }) => op), acted: [...acted.keys()] };
}

it("an elementwise operator is one line", () => {
  expect(lowered((x) => lax.erf(x)).operators).toEqual(["Erf"]);
});

it("a pass is one file and one line", () => {
  const { operators, acted } = lowered((x) => nn.relu(nn.relu(x)));
  expect(operators).toEqual(["Relu"]);
  expect(acted).toContain("relu-twice");
});
