/** Transposes in the steps that ONNX Runtime is fast at. */
import { DType, grad, makeJaxpr, nn, numpy as np } from "@jax-js/jax";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lower } from "../src/lower.js";
import type { GraphNode } from "../src/model.js";
import { TransposeSteps } from "../src/passes/transpose-steps.js";
import { ortCpu } from "../src/target.js";
import { expectSame, type Fn, spread } from "./compare.js";

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** The numbers of an array in another order of its axes. */
function transposed(
  data: readonly number[],
  shape: readonly number[],
  perm: readonly number[],
): readonly number[] {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  let places = [0];
  for (const axis of perm)
    places = places.flatMap((at) =>
      Array.from({ length: shape[axis] as number }, (_, i) => at + i * (strides[axis] as number)),
    );
  return places.map((at) => data[at] as number);
}

const transposes = fc
  .array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 7 })
  .filter((shape) => sizeOf(shape) <= 20_000)
  .chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      perm: fc.shuffledSubarray([...shape.keys()], { minLength: shape.length }),
    }),
  );

/** Nodes of the lowered program of one argument. */
function nodesOf(f: Fn, shape: readonly number[]): readonly GraphNode[] {
  const x = np.zeros([...shape]);
  const { jaxpr } = makeJaxpr(f as (x: np.Array) => np.Array)(x);
  const { nodes } = lower(jaxpr);
  jaxpr.dispose();
  x.dispose();
  return nodes;
}
const countOf = (nodes: readonly GraphNode[], op: string): number =>
  nodes.filter((node) => node.op === op).length;

describe("the steps of a transposition", () => {
  const known = new TransposeSteps(ortCpu);
  const cheapestSteps = (shape: readonly number[], perm: readonly number[]) => known.cheapest(shape, perm);

  it("come to the same order", () => {
    fc.assert(
      fc.property(transposes, ({ shape, perm }) => {
        const numbers = Array.from({ length: sizeOf(shape) }, (_, i) => i);
        const { steps } = cheapestSteps(shape, perm);
        const end = steps.reduce((data: readonly number[], s) => transposed(data, s.shape, s.perm), numbers);
        expect(end).toEqual(transposed(numbers, shape, perm));
      }),
      { numRuns: 300 },
    );
  });

  it("turn no small matrices one by one where each is shared out among threads", () => {
    const shared = new TransposeSteps({ ...ortCpu, threads: 2 });
    const [shape, perm] = [
      [784, 9, 32],
      [0, 2, 1],
    ];
    expect(cheapestSteps(shape, perm).steps).toEqual([{ shape, perm }]);
    expect(shared.cheapest(shape, perm).steps).toEqual([
      { shape, perm: [1, 0, 2] },
      { shape: [9, 25088], perm: [1, 0] },
    ]);
  });

  it("move blocks or turn matrices", () => {
    expect(cheapestSteps([64, 7, 7, 2, 2, 56], [0, 5, 1, 3, 2, 4]).steps).toEqual([
      { shape: [448, 7, 2, 112], perm: [0, 2, 1, 3] },
      { shape: [64, 196, 56], perm: [0, 2, 1] },
    ]);
    expect(cheapestSteps([160, 160, 9], [2, 1, 0]).steps).toEqual([
      { shape: [25600, 9], perm: [1, 0] },
      { shape: [9, 160, 160], perm: [0, 2, 1] },
    ]);
  });

  it("are one where that is fast, or the array small", () => {
    for (const [shape, perm] of [
      [
        [160, 1, 160, 9],
        [1, 3, 0, 2],
      ],
      [
        [40, 64, 2, 49, 64],
        [0, 3, 2, 1, 4],
      ],
      [
        [3, 5, 7],
        [2, 1, 0],
      ],
    ] as const)
      expect(cheapestSteps(shape, perm).steps).toHaveLength(1);
  });
});

describe("in a program", () => {
  const reversed: Fn = (x) => np.transpose(x, [2, 1, 0]);

  it("a slow one is two that ONNX Runtime does not join again", () => {
    expect(nodesOf(reversed, [60, 50, 9]).map(({ op }) => op)).toEqual([
      "Reshape",
      "Transpose",
      "Flatten",
      "Reshape",
      "Transpose",
    ]);
    expect(nodesOf(reversed, [6, 5, 9]).map(({ op }) => op)).toEqual(["Transpose"]);
  });

  it("a Reshape that splits what was turned stands behind a Flatten, one for all", () => {
    const one: Fn = (x) => np.transpose(x).reshape([9, 40, 45]);
    const two: Fn = (x) => [one(x.ref), np.transpose(x).reshape([9, 20, 90])] as np.Array[];
    expect(nodesOf(one, [1800, 9]).map(({ op }) => op)).toEqual(["Transpose", "Flatten", "Reshape"]);
    expect(countOf(nodesOf(two, [1800, 9]), "Transpose")).toBe(1);
    expect(countOf(nodesOf(two, [1800, 9]), "Flatten")).toBe(1);
  });

  it("gives the same numbers", async () => {
    const image = spread([16, 7, 7, 2, 2, 9], DType.Float32);
    const imageOf = (x: np.Array): np.Array => np.transpose(x, [0, 5, 1, 3, 2, 4]).reshape([16, 9, 14, 14]);
    await expectSame((x) => imageOf(x), [image]);
    const product: Fn = (x) => {
      const y = np.transpose(imageOf(x), [1, 0, 2, 3]).reshape([9, 3136]);
      return [np.matmul(y.ref, np.transpose(y.ref)), np.transpose(y)];
    };
    await expectSame(product, [image]);
    await expectSame(reversed, [spread([60, 50, 9], DType.Float64)]);
    await expectSame(reversed, [spread([60, 50, 9], DType.Int32)]);
    await expectSame((x) => np.transpose(np.less(x, 0), [2, 1, 0]), [spread([60, 50, 9], DType.Float32)]);
  });

  it("gives the same numbers for any two with a change of shape between them", async () => {
    const x = spread([8, 6, 10, 12], DType.Float32);
    for (const first of [
      [0, 3, 1, 2],
      [3, 2, 1, 0],
      [2, 0, 3, 1],
      [1, 0, 2, 3],
    ])
      for (const [shape, second] of [
        [
          [48, 120],
          [1, 0],
        ],
        [
          [4, 12, 5, 24],
          [3, 1, 2, 0],
        ],
        [[5760], [0]],
        [
          [24, 2, 120],
          [2, 1, 0],
        ],
      ] as const)
        await expectSame((a) => np.transpose(np.transpose(a, first).reshape([...shape]), [...second]), [x]);
  });
});

describe("narrow axes", () => {
  const rows = spread([500, 14], DType.Float32);
  const softmaxes: Fn = (x) => {
    const [a, b] = np.split(np.transpose(x), [5, 10], 0) as [np.Array, np.Array];
    return [nn.softmax(a, 0), nn.softmax(b, 0)];
  };

  it("stand in front of parts, and of all that follows from them", async () => {
    const nodes = nodesOf(softmaxes, rows.shape);
    const split = nodes.find(({ op }) => op === "Split");
    expect(split?.attributes.axis).toBe(0);
    expect(countOf(nodes, "Transpose")).toBe(1);
    await expectSame(softmaxes, [rows]);
  });

  it("stand in front of the gradients too", async () => {
    const loss = (x: np.Array): np.Array => {
      const [a, b, c] = np.split(np.transpose(x), [5, 10], 0) as [np.Array, np.Array, np.Array];
      const before = np.tril(np.ones([5, 5]), -1);
      const ends = np.matmul(before, nn.softmax(a.ref, 0)).add(np.exp(a));
      return np.sum(np.sin(ends).mul(b)).add(np.sum(np.square(c)));
    };
    const gradient: Fn = (x) => grad(loss)(x);
    await expectSame(gradient, [rows]);
    const x = np.zeros([...rows.shape]);
    const { jaxpr } = makeJaxpr(gradient as (x: np.Array) => np.Array)(x);
    const graph = lower(jaxpr);
    jaxpr.dispose();
    x.dispose();
    const turned = new Set(["Transpose", "Reshape"]);
    const inColumns = graph.nodes.filter(({ op, outputs: [name] }) => {
      const { shape } = graph.typeOf(name);
      return !turned.has(op) && shape[0] === rows.shape[0] && shape.length > 1;
    });
    expect(inColumns.map(({ op, outputs }) => `${op} ${outputs}`)).toEqual([]);
  });

  it("are turned in few examples, and not in the gradient of the wide kernel that makes them", async () => {
    const [hidden, kernel] = [spread([4, 32], DType.Float32), spread([400 * 14, 32], DType.Float32, 2)];
    const gradient: Fn = (h, w) =>
      grad((w: np.Array): np.Array => {
        const made = np.transpose(np.matmul(h.ref, np.transpose(w)).reshape([1600, 14]));
        const [a, b] = np.split(made, [5], 0) as [np.Array, np.Array];
        const share = nn.softmax(a, 0);
        return np.sum(np.exp(share.ref).mul(share)).add(np.sum(np.sin(b)));
      })(w);
    await expectSame(gradient, [hidden, kernel]);
    const args = [np.zeros([...hidden.shape]), np.zeros([...kernel.shape])] as const;
    const { jaxpr } = makeJaxpr(gradient as (h: np.Array, w: np.Array) => np.Array)(...args);
    const graph = lower(jaxpr);
    jaxpr.dispose();
    for (const each of args) each.dispose();
    const turned = graph.nodes.filter(({ op }) => op === "Transpose");
    const sizes = turned.map(({ outputs: [name] }) => sizeOf(graph.typeOf(name).shape));
    expect(sizes.length).toBeGreaterThan(0);
    expect(Math.max(...sizes)).toBe(sizeOf([1600, 14]));
  });
});
