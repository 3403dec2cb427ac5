/** The graph between two passes is sound, for every target and for each pass alone. */
import { flowify, zoo } from "@flowify/core";
import { grad, lax, nn, numpy as np } from "@jax-js/jax";
import fc from "fast-check";
import { expect, it } from "vitest";
import { gradientProgram } from "../../core/test/support/gradient-program.js";
import { lower } from "../src/index.js";
import { passes } from "../src/lower/passes.js";
import { aggressive, ortCpu, portable, strict, type Target } from "../src/lower/target.js";
import { trace } from "../src/trace.js";
import { type Fn, specOf } from "./compare.js";
import { programs, runProgram } from "./programs.js";
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
    shapes.map((shape) => specOf(shape)),
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

const conv = (x: A, w: A): A => lax.convGeneralDilated(x, w, [1, 1], "SAME");
/** A program for each pass, that gives it something to do. */
const examples: readonly Readonly<{ f: Fn; shapes: readonly number[][]; itemwise?: boolean }>[] = [
  { f: (x, w, b) => nn.relu(np.matmul(x, w).add(b)).sub(1), shapes: [[8, 4], [4, 6], [6]] },
  {
    f: (x, a, b) => np.matmul(np.matmul(x, a), b),
    shapes: [
      [5, 4],
      [4, 4],
      [4, 4],
    ],
  },
  {
    f: (x, b, c) => np.tanh(x).add(b).add(c),
    shapes: [
      [3, 4],
      [3, 4],
      [3, 4],
    ],
  },
  { f: (x) => np.cumsum(x, 1), shapes: [[4, 9]] },
  {
    f: (x, w) => np.sum(x.reshape([8, 4, 1]).mul(w.reshape([1, 4, 6])), 1),
    shapes: [
      [8, 4],
      [4, 6],
    ],
  },
  { f: (x) => np.sum(x.ref).add(np.max(x.ref)).add(np.min(x)), shapes: [[5]] },
  { f: (x) => [np.max(x.ref, 0), np.sum(np.square(x.ref)), np.sum(x, 0)], shapes: [[3, 40]] },
  {
    f: (x, b) => np.sum(x.ref.sub(b), 1).add(np.sum(x, 1)),
    shapes: [
      [30, 7, 3],
      [7, 1],
    ],
  },
  {
    f: (x, v, w) => conv(conv(x, v), w),
    shapes: [
      [2, 3, 6, 6],
      [4, 3, 3, 3],
      [4, 4, 1, 1],
    ],
    itemwise: true,
  },
  {
    f: (x, w) => np.matmul(np.transpose(x), w),
    shapes: [
      [40, 8],
      [40, 3],
    ],
  },
  {
    f: (w, x) => np.matmul(np.transpose(x), np.transpose(w, [0, 2, 1]).reshape([40, 3])),
    shapes: [
      [10, 3, 4],
      [40, 8],
    ],
  },
  { f: (x) => np.transpose(x, [3, 0, 2, 1]), shapes: [[3, 4, 5, 6]] },
  {
    f: (x) => {
      const [a, b] = np.split(np.transpose(x), [3], 0) as [A, A];
      return [nn.softmax(a, 0), nn.softmax(b, 0)];
    },
    shapes: [[40, 5]],
  },
  {
    f: grad((x: A) => np.sum(np.sin(x.ref.slice([], [0, 3]))).add(np.sum(np.exp(x.slice([], [3, 8]))))),
    shapes: [[4, 8]],
  },
  {
    f: (x, a, r, b) => {
      const z = np.matmul(x, a);
      const [y, w] = [z.ref.slice([], [0, 2]), z.slice([], [2, 6])];
      return [np.sin(y), np.sin(np.matmul(w.ref, r)), np.sin(np.matmul(w, b))];
    },
    shapes: [
      [9, 6],
      [6, 6],
      [4, 4],
      [4, 3],
    ],
  },
  {
    f: (x, y) => np.matmul(np.transpose(x, [1, 0, 2]), y),
    shapes: [
      [6, 5, 4],
      [5, 4, 3],
    ],
  },
];

const everActed = new Set<string>();

it.each(targets)("$name makes sound graphs", (target) => {
  const acted = examples.flatMap(({ f, shapes, itemwise }) => [
    ...checked(f, shapes, target, itemwise).keys(),
  ]);
  for (const name of acted) everActed.add(name);
  expect(acted.filter((name) => target.without.has(name))).toEqual([]);
});

it("the examples have something to do for each pass", () => {
  // Rules avoid two Transposes in a row here; `transposes.test.ts` has them.
  everActed.add("joined-transposes");
  expect(passes.map(({ name }) => name).filter((name) => !everActed.has(name))).toEqual([]);
});

it("random programs stay sound when every pass acts", () => {
  const found = fc.check(
    fc.property(programs, (program) => {
      checked((...inputs) => runProgram(program, inputs), program.inputs, aggressive);
    }),
    { numRuns: 100 },
  );
  expect(found.errorInstance).toBeNull();
});

it("a training step stays sound", () => {
  const { gradient, specs } = gradientProgram(flowify(zoo("mnist/fmlp:paper")), 128);
  const { jaxpr, signature } = trace(gradient, specs, "step");
  const inputNames = signature.inputs.map(({ name }) => name);
  const after: string[] = [];
  lower(jaxpr, {
    inputNames,
    itemwise: true,
    onPass: (name, graph) => {
      verify(graph, inputNames);
      after.push(name);
    },
  });
  jaxpr.dispose();
  expect(after).toEqual(["rules", ...passes.flatMap(({ name, run }) => (run ? [name] : []))]);
});

it("a portable graph says what it computes", () => {
  const specs = [
    [2, 3, 8, 8],
    [4, 3, 3, 3],
    [4, 1, 1],
  ].map((shape) => specOf(shape));
  const { jaxpr } = trace((x: A, w: A, b: A) => nn.relu(conv(x, w).add(b)), specs, "layer");
  const operators = (target: Target) => lower(jaxpr, { target }).nodes.map(({ op }) => op);
  expect(operators(portable)).toEqual(["Conv", "Add", "Relu"]);
  expect(operators(ortCpu)).not.toContain("Conv");
  jaxpr.dispose();
});
