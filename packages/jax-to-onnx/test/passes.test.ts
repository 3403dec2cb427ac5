/** The graph between two passes is sound, for every target and for each pass alone. */
import { DType, nn, type numpy as np } from "@jax-js/jax";
import fc from "fast-check";
import { expect, it } from "vitest";
import { lower } from "../src/lower.js";
import { passes } from "../src/passes.js";
import { ortCpu, portable, strict, type Target } from "../src/target.js";
import { trace } from "../src/trace.js";
import { aggressive } from "./aggressive.js";
import { type Fn, host, runJax, spread } from "./compare.js";
import type { HostArray } from "./host-array.js";
import { conv, type PassExample, passExamples } from "./pass-examples.js";
import { programs, runProgram } from "./programs.js";
import { runLowered } from "./run-lowered.js";
import { verify } from "./verify.js";

type A = np.Array;

/** A target that runs one pass only, or none. */
const alone = (name?: string): Target => ({
  ...aggressive,
  name: name ?? "none",
  without: new Set(passes.map((pass) => pass.name).filter((other) => other !== name)),
});
/** Without stacks, more matrices are transposed. */
const unstacked = { ...aggressive, name: "unstacked", without: new Set(["stacked-products"]) };
const targets = [
  ortCpu,
  strict,
  portable,
  aggressive,
  unstacked,
  alone(),
  ...passes.map(({ name }) => alone(name)),
];

/** Lowers with a check after each pass; how often each acted. */
function checked(
  f: Fn,
  shapes: readonly (readonly number[])[],
  target: Target,
  itemwise = false,
): ReadonlyMap<string, number> {
  const { jaxpr, signature } = trace(
    f,
    shapes.map((shape) => host([], shape, DType.Float32)),
    "checked",
  );
  const inputNames = signature.inputs.map(({ name }) => name);
  const fixed = new Set(inputNames.slice(1));
  const { acted } = lower(jaxpr, {
    inputNames,
    fixed,
    rotations: fixed,
    itemwise,
    target,
    onPass: (name, graph) => {
      try {
        verify(graph, inputNames);
      } catch (cause) {
        throw new Error(`${target.name}, after ${name}: ${String(cause)}`, { cause });
      }
    },
  });
  jaxpr.dispose();
  return acted;
}

const everActed = new Set<string>();

it.each(targets)("$name makes sound graphs", (target) => {
  const acted = passExamples.flatMap(({ f, shapes, itemwise }) => [
    ...checked(f, shapes, target, itemwise).keys(),
  ]);
  for (const name of acted) everActed.add(name);
  expect(acted.filter((name) => target.without.has(name))).toEqual([]);
});

it("the examples have something to do for each pass", () => {
  expect(passes.map(({ name }) => name).filter((name) => !everActed.has(name))).toEqual([]);
});

/** Inputs of an example, with a rotation where it says so. */
const inputsOf = ({ shapes, rotation }: PassExample): HostArray[] =>
  shapes.map((shape, i) => (i === rotation ? turn(shape[0] as number) : spread(shape, DType.Float32, i + 1)));

/** A cyclic permutation with one sign changed. */
const turn = (n: number): HostArray =>
  host(
    Array.from({ length: n * n }, (_, i) => Number((Math.floor(i / n) + 1) % n === i % n) * (i < n ? -1 : 1)),
    [n, n],
    DType.Float32,
  );

it.each([aggressive, unstacked, alone(), ortCpu, portable])(
  "$name has the numbers of jax-js",
  async (target) => {
    for (const [i, example] of passExamples.entries()) {
      const inputs = inputsOf(example);
      const fixed = inputs.map((_, k) => k).slice(1);
      const rotations = example.rotation === undefined ? [] : [example.rotation];
      const { f, itemwise = false } = example;
      const { results } = await runLowered({ name: `${i}`, f, inputs, fixed, rotations, itemwise }, target);
      runJax(f, inputs).forEach(({ shape, data }, k) => {
        const got = results[k] as HostArray;
        expect(got.shape, `example ${i}`).toEqual(shape);
        const size = Math.max(1, ...Array.from(data, (value) => Math.abs(Number(value))));
        const off = Array.from(data, (value, j) => Math.abs(Number(value) - Number(got.data[j])));
        expect(Math.max(...off), `example ${i}, result ${k}`).toBeLessThan(1e-5 * size);
      });
    }
  },
);

it("random programs stay sound when every pass acts", () => {
  const found = fc.check(
    fc.property(programs, (program) => {
      checked((...inputs) => runProgram(program, inputs), program.inputs, aggressive);
    }),
    { numRuns: 100 },
  );
  expect(found.errorInstance).toBeNull();
});

it("a portable graph says what it computes", () => {
  const specs = [
    [2, 3, 8, 8],
    [4, 3, 3, 3],
    [4, 1, 1],
  ].map((shape) => host([], shape, DType.Float32));
  const { jaxpr } = trace((x: A, w: A, b: A) => nn.relu(conv(x, w).add(b)), specs, "layer");
  const operators = (target: Target) => lower(jaxpr, { target }).nodes.map(({ op }) => op);
  expect(operators(portable)).toEqual(["Conv", "Add", "Relu"]);
  expect(operators(ortCpu)).not.toContain("Conv");
  jaxpr.dispose();
});
