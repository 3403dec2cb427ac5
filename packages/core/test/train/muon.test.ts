import { numpy as np } from "@jax-js/jax";
import { beforeAll, describe, expect, it } from "vitest";
import { createTrainer, flowify, jaxExecutor, type TrainingState } from "../../src/index.js";
import { makeRng } from "../../src/math/rng.js";
import { floats } from "../../src/params/host.js";
import { parameterList } from "../../src/params/parameter-list.js";
import { numbersOf } from "../../src/testing/arrays.js";
import { toRows } from "../../src/testing/plain.js";
import { usePrecision } from "../../src/testing/prepare.js";
import { moveKernels, muonSize, orthogonalized } from "../../src/train/muon.js";
import { catalog } from "../catalog.js";
import { multiply, transpose } from "../support/plain.js";

beforeAll(() => usePrecision("float32"));

const random = (seed: number, ...shape: number[]): Float32Array => {
  const rng = makeRng(seed);
  return Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => rng.normal());
};

/** Jacobi's rotations: A = U S Vᵀ with orthogonal columns of A V; gives U Vᵀ of a matrix of at least as many rows as columns. */
function polarFactor(a: number[][]): number[][] {
  const columns = transpose(a).map((column) => [...column]);
  const v = columns.map((_, i) => columns.map((__, j) => Number(i === j)));
  const dot = (x: number[], y: number[]): number =>
    x.reduce((sum, each, i) => sum + each * (y[i] as number), 0);
  for (let sweep = 0; sweep < 30; sweep++)
    for (let p = 0; p < columns.length; p++)
      for (let q = p + 1; q < columns.length; q++) {
        const [x, y] = [columns[p] as number[], columns[q] as number[]];
        const angle = 0.5 * Math.atan2(2 * dot(x, y), dot(x, x) - dot(y, y));
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        for (const [first, second] of [
          [x, y],
          [v[p] as number[], v[q] as number[]],
        ] as const)
          first.forEach((each, i) => {
            const other = second[i] as number;
            [first[i], second[i]] = [c * each + s * other, c * other - s * each];
          });
      }
  const u = columns.map((column) => column.map((each) => each / Math.sqrt(dot(column, column))));
  return multiply(transpose(u), v);
}

describe("orthogonalized", () => {
  it.each([
    ["wide", 6, 40],
    ["tall", 40, 6],
    ["square", 12, 12],
  ])("goes to the polar factor: a %s matrix", async (_name, m, n) => {
    const numbers = random(m * n, m, n);
    const found = toRows(await numbersOf(orthogonalized(floats(numbers, [1, m, n])).reshape([m, n])), n);
    const rows = toRows(Array.from(numbers), n);
    const wanted = m >= n ? polarFactor(rows) : transpose(polarFactor(transpose(rows)));
    // singular values between 0.68 and 1.13 in place of 1, the directions those of the matrix
    const between = multiply(transpose(wanted), found);
    const overlap = between.reduce((sum, row, i) => sum + (row[i] as number), 0) / Math.min(m, n);
    expect(overlap).toBeGreaterThan(0.7);
    expect(overlap).toBeLessThan(1.15);
    const length = Math.sqrt(found.flat().reduce((sum, x) => sum + x * x, 0) / Math.min(m, n));
    expect(overlap / length).toBeGreaterThan(0.97); // 1 for the polar factor itself
  });

  it("is 0 for zeros", async () => {
    expect(new Set(await numbersOf(orthogonalized(np.zeros([2, 3, 5]))))).toEqual(new Set([0]));
  });

  it("has no numbers near 1e-38, where processors are slow, for a column that hardly anything is left of", async () => {
    const numbers = random(8, 6, 20);
    const rest = (scale: number) =>
      floats(
        numbers.map((x, at) => (at % 20 === 3 ? x * scale : x)),
        [1, 6, 20],
      );
    const found = await numbersOf(orthogonalized(rest(1e-20)));
    expect(found).toEqual(await numbersOf(orthogonalized(rest(0))));
    expect(found.filter((x) => x !== 0)).toHaveLength(6 * 19);
  });
});

describe("moveKernels", () => {
  it("moves entries by the rate in the root mean square, kernels as matrices, each on its own", async () => {
    const shapes = { a: [8, 30], b: [8, 3, 10], c: [16, 4], d: [8, 30] } as const;
    const paths = Object.keys(shapes) as (keyof typeof shapes)[];
    const momenta = () =>
      Object.fromEntries(
        paths.map((path, i) => [path, floats(random(i, ...shapes[path]), [...shapes[path]])]),
      );
    const zeros = () => Object.fromEntries(paths.map((path) => [path, np.zeros([...shapes[path]])]));
    const together = moveKernels(zeros(), momenta(), floats(Float32Array.of(0.01), []));
    expect(Object.keys(together)).toEqual(paths);
    for (const path of paths) {
      expect(together[path]?.shape).toEqual(shapes[path]);
      const moved = await numbersOf(together[path]?.ref as np.Array);
      const square = moved.reduce((sum, x) => sum + x * x, 0) / moved.length;
      expect(Math.sqrt(square)).toBeGreaterThan(0.008);
      expect(Math.sqrt(square)).toBeLessThan(0.0115);
      const alone = moveKernels(
        { [path]: np.zeros([...shapes[path]]) },
        { [path]: momenta()[path] as np.Array },
        floats(Float32Array.of(0.01), []),
      );
      const numbers = await numbersOf(alone[path] as np.Array);
      numbers.forEach((each, i) => expect(each).toBeCloseTo(moved[i] as number, 6));
    }
  });
});

describe("muonSize", () => {
  it("falls with the root of the number of steps, so that kernels wander as far in all but short runs", () => {
    expect([1, 300].map(muonSize)).toEqual([0.4, 0.4]);
    expect(muonSize(4900)).toBeCloseTo(0.1, 12);
  });
});

it("kernels are what layers say: every weight of a convolution, and nothing else", () => {
  const found = catalog.flatMap(({ name, layer }) =>
    parameterList(layer).flatMap(({ path, kind, as, shape }) =>
      kind === "euclidean" && (as === "kernel" || shape.length === 4) ? [[name, path, shape.length, as]] : [],
    ),
  );
  expect(found.length).toBeGreaterThan(100);
  expect(
    found.filter(([, path, axes, as]) => !String(path).endsWith("weight") || axes !== 4 || as !== "kernel"),
  ).toEqual([]);
});

describe("training with Muon", () => {
  const rng = makeRng(5);
  const examples = Float32Array.from({ length: 512 }, (_, i) =>
    i % 2 === 0 ? rng.normal() : Math.sin(3 * i) + 0.1 * rng.normal(),
  );
  const flow = flowify({ inShape: [2, 2, 2], layers: [{ kind: "coupling", stack: 2, hidden: 16 }] });
  const run = (options: { optimizer?: "adam" | "muon"; state?: TrainingState } = {}) =>
    createTrainer({
      flow,
      executor: jaxExecutor(),
      data: { examples, count: 64 },
      batchSize: 16,
      steps: 6,
      learningRate: 1e-2,
      optimizer: "muon",
      ...options,
    });

  it("keeps one moment of a kernel, two of all else, and goes on from its state, bit for bit", async () => {
    const whole = await run();
    for (let i = 0; i < 3; i++) await whole.step();
    const state = await whole.state();
    const names = Object.keys(state.arrays);
    expect(names).toContain("second.0.0.0.bias");
    expect(names.filter((name) => /^first\..*weight$/.test(name)).length).toBeGreaterThan(3);
    expect(names.filter((name) => /^second\..*weight$/.test(name))).toEqual([]);
    const resumed = await run({ state });
    for (let i = 0; i < 3; i++) expect(await resumed.step()).toEqual(await whole.step());
    expect(await resumed.state()).toEqual(await whole.state());
    await whole.dispose();
    await resumed.dispose();
  });

  it("moves kernels otherwise than Adam, and refuses another name", async () => {
    const [muon, adam] = [await run(), await run({ optimizer: "adam" })];
    expect((await muon.step()).loss).toBe((await adam.step()).loss);
    const [a, b] = [await muon.step(), await adam.step()];
    expect(a.loss).not.toBe(b.loss);
    await muon.dispose();
    await adam.dispose();
    await expect(run({ optimizer: "sgd" as never })).rejects.toThrow("adam");
  });
});
