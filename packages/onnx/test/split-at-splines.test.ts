/** Programs of several sessions with kernels between them: the numbers of one session, and when they are made. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chain, FlowModel, flow, HostArray } from "@flowify/core";
import { ArraySpec } from "@flowify/core/internal";
import { type FlowLayer, makeRng } from "@flowify/core/layer";
import { linear, rqSpline } from "@flowify/core/layers";
import { type JsTree, numpy as np, random, tree } from "@jax-js/jax";
import { ortCpu } from "jax-to-onnx";
import { lower, trace, withConstants } from "jax-to-onnx/internal";
import { afterAll, describe, expect, it } from "vitest";
import { nativeExecutor } from "../src/index.js";
import { nativeEngine, sessionOptions } from "../src/runtime.js";
import { runtimeExecutor } from "../src/runtime-executor.js";
import { programParts } from "../src/split-at-splines/program-parts.js";

const engine = await nativeEngine();
const executor = await nativeExecutor({ threads: 2 });
/** Without kernels. */
const plain = runtimeExecutor(
  { ...engine, kernels: false },
  {
    name: "plain",
    target: { ...ortCpu, workers: 1 },
    session: (_program, threads) => sessionOptions(threads, false),
    memory: () => Number.POSITIVE_INFINITY,
  },
);
afterAll(() => Promise.all([executor.dispose(), plain.dispose()]));

type F = (params: never, x: np.Array) => JsTree<np.Array>;

const onHost = (params: JsTree<np.Array>): JsTree<HostArray> =>
  tree.map((leaf: np.Array) => {
    const shape = [...leaf.shape];
    return new HostArray(Float32Array.from(leaf.dataSync()), shape, np.float32);
  }, params as never) as JsTree<HostArray>;

const specsOf = (params: JsTree<HostArray>): JsTree<ArraySpec> =>
  tree.map((leaf: HostArray) => new ArraySpec(leaf.shape, leaf.dtype), params as never) as JsTree<ArraySpec>;

const array = (data: ArrayLike<number>, shape: readonly number[]): HostArray =>
  new HostArray(Float32Array.from(data as number[]), shape, np.float32);

const normals = (shape: readonly number[], seed: number, scale = 1.5): HostArray => {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  makeRng(seed).fillNormal(data);
  return array(
    data.map((value) => value * scale),
    shape,
  );
};

/** Kernels of each stage of a program with built-in parameters. */
async function callsOf(
  f: F,
  params: JsTree<HostArray>,
  x: ArraySpec,
  { built = true, threads = 1 } = {},
): Promise<number[]> {
  const { jaxpr, signature } = trace(f, [specsOf(params), x], "f");
  try {
    const names = signature.inputs.map(({ name }) => name);
    const fixed = built ? names.slice(0, -1) : [];
    const outputNames = signature.outputs.map(({ name }) => name);
    const lowered = lower(jaxpr, { inputNames: names, outputNames, fixed: new Set(fixed) });
    const leaves = tree.leaves(params as never) as HostArray[];
    const graph = withConstants(lowered, new Map(fixed.map((name, i) => [name, leaves[i] as HostArray])));
    return (await programParts(engine, graph, sessionOptions(threads, false), ortCpu)).stages.map(
      ({ calls }) => calls.length,
    );
  } finally {
    jaxpr.dispose();
  }
}

/** Results with and without kernels, as flat arrays. */
async function both(f: F, params: JsTree<HostArray>, x: HostArray): Promise<Float32Array[][]> {
  return Promise.all(
    [executor, plain].map(async (on) => {
      const specs = [specsOf(params), new ArraySpec(x.shape, x.dtype)];
      const program = await on.compile(f, specs, { constant: params });
      const found = await on.fetch(await program.run([params, x]));
      await program.dispose();
      return (tree.leaves(found as never) as HostArray[]).map(({ data }) => data as Float32Array);
    }),
  );
}

const spline = rqSpline([7, 3], { init: "uniform" });
const splineParams = onHost(spline.init(random.key(1)));
const tripled = (x: np.Array): np.Array => x.add(1).mul(3).sub(3);
const forward: F = (params, x) => {
  const { z, contribution } = spline.forward(params, tripled(x), {});
  return [np.exp(z), contribution];
};
const inverse: F = (params, x) => np.exp(spline.inverse(params, tripled(x), {}));

describe("a spline between other work", () => {
  const specials = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    2 / 3,
    -2 / 3,
    0,
    -0,
    1e-40,
    9,
  ];
  for (const [name, f] of Object.entries({ forward, inverse }))
    it(`is a kernel's (${name}), with the numbers of one session`, async () => {
      const x = normals([5, 7, 3], 2, 0.6);
      (x.data as Float32Array).set(specials);
      expect(await callsOf(f, splineParams, new ArraySpec(x.shape, x.dtype))).toEqual([1, 0]);
      const [found, expected] = await both(f, splineParams, x);
      expect(found).toEqual(expected);
      expect(found?.[0]?.subarray(21).every(Number.isFinite)).toBe(true);
    });

  it("is a kernel's of its own where two have the same input", async () => {
    const other = rqSpline([7, 3], { bins: 3, init: "uniform" });
    const params = [splineParams, onHost(other.init(random.key(2)))];
    const pair = ([a, b]: never[], x: np.Array): np.Array => {
      const y = tripled(x);
      return np.exp(spline.inverse(a as never, y.ref, {}).add(other.inverse(b as never, y, {})));
    };
    const x = normals([5, 7, 3], 5, 0.6);
    expect(await callsOf(pair as F, params, new ArraySpec(x.shape, x.dtype))).toEqual([2, 0]);
    const [found, expected] = await both(pair, params, x);
    expect(found).toEqual(expected);
  });

  it("stays with the session where its parameters are not built in, or not in order", async () => {
    const x = new ArraySpec([5, 7, 3], np.float32);
    expect(await callsOf(forward, splineParams, x, { built: false })).toEqual([0]);
    const ruined = tree.map(
      (leaf: HostArray) =>
        new HostArray(
          leaf.data.map(() => Number.NaN),
          leaf.shape,
          leaf.dtype,
        ),
      splineParams as never,
    ) as JsTree<HostArray>;
    expect(await callsOf(forward, ruined, x)).toEqual([0]);
    const [found, expected] = await both(forward, ruined, normals([5, 7, 3], 3));
    expect(found).toEqual(expected);
    expect(found?.[1]).toEqual(new Float32Array(5).fill(Number.NaN));
  });

  it("stays with the session where it is all there is", async () => {
    const alone: F = (params, x) => spline.forward(params, x, {}).z;
    expect(await callsOf(alone, splineParams, new ArraySpec([5, 7, 3], np.float32))).toEqual([0]);
    const [found, expected] = await both(alone, splineParams, normals([5, 7, 3], 4));
    expect(found).toEqual(expected);
  });

  it("stays with the session where that has many threads", async () => {
    const x = new ArraySpec([5, 7, 3], np.float32);
    expect(await callsOf(forward, splineParams, x, { threads: 2 })).toEqual([1, 0]);
    expect(await callsOf(forward, splineParams, x, { threads: 3 })).toEqual([0]);
  });

  it("leaves to the session what is broadcast of its results", async () => {
    const vectors = rqSpline([7], { init: "uniform" });
    const params = onHost(vectors.init(random.key(4)));
    const pairs: F = (p, x) => {
      const z = vectors.inverse(p, tripled(x), {});
      return np.exp(np.expandDims(z.ref, 2).sub(np.expandDims(z, 1)));
    };
    expect(await callsOf(pairs, params, new ArraySpec([5, 7], np.float32))).toEqual([1, 0]);
    const [found, expected] = await both(pairs, params, normals([5, 7], 6, 0.6));
    expect(found).toEqual(expected);
  });

  it("is written for the one that reads it through another shape", async () => {
    const [first, second] = [rqSpline([7], { init: "uniform" }), rqSpline([7], { bins: 3, init: "uniform" })];
    const params = [
      ...[first, second].map((layer, i) => onHost(layer.init(random.key(5 + i)))),
      normals([7, 7], 3),
    ];
    const residual = (([a, b, w]: [never, never, np.Array], x: np.Array): np.Array => {
      const y = tripled(x);
      const z = first.inverse(a, y.ref, {});
      const m = np.matmul(z.ref, w);
      return np.exp(second.inverse(b, z.add(y), {})).add(m);
    }) as unknown as F;
    expect(await callsOf(residual, params, new ArraySpec([5, 7], np.float32))).toEqual([1, 1, 0]);
    const [found, expected] = await both(residual, params, normals([5, 7], 7, 0.6));
    expect(found).toEqual(expected);
  });
});

describe("a lookup by hand", () => {
  const ends = Float32Array.of(-1, 0, 0.5);
  const from = array([Number.NEGATIVE_INFINITY, ...ends], [4, 1]);
  const to = array([...ends, Number.POSITIVE_INFINITY], [4, 1]);
  const rowsOf = (table: np.Array, x: np.Array, from: np.Array, to: np.Array): np.Array[] => {
    const hot = np.lessEqual(from, x.ref).mul(np.less(x, to)).astype(table.dtype);
    return np.split(np.matmul(table, hot), 2, 0);
  };
  const x = normals([1, 40], 8);
  const table = normals([2, 4], 9);
  const lookUp =
    (results: (r0: np.Array, r1: np.Array, y: np.Array) => JsTree<np.Array>): F =>
    (params, given) => {
      const [t, a, b] = params as unknown as [np.Array, np.Array, np.Array];
      const y = np.sin(given);
      const [r0, r1] = rowsOf(t, y.ref, a, b) as [np.Array, np.Array];
      return results(r0, r1, y);
    };
  const params = [table, from, to];
  const spec = new ArraySpec([1, 40], np.float32);

  it("is a kernel's", async () => {
    const f = lookUp((r0, r1, y) => np.exp(r0.mul(y).add(r1)));
    expect(await callsOf(f, params, spec)).toEqual([1, 0]);
    const [found, expected] = await both(f, params, x);
    expect(found).toEqual(expected);
  });

  it("stays with the session where a row of its table is a result", async () => {
    const f = lookUp((r0, r1, y) => [np.exp(r0.mul(y)), r1]);
    expect(await callsOf(f, params, spec)).toEqual([0]);
    const [found, expected] = await both(f, params, x);
    expect(found).toEqual(expected);
  });

  it("stays with the session where its input is of another type", async () => {
    const double = (a: HostArray): HostArray => new HostArray(Float64Array.from(a.data), a.shape, np.float64);
    const f: F = (given, x) => {
      const [t, a, b] = given as unknown as [np.Array, np.Array, np.Array];
      const [r0, r1] = rowsOf(t, np.sin(x), a, b) as [np.Array, np.Array];
      return np.exp(r0.mul(r1));
    };
    const wide = [table, double(from), double(to)];
    expect(await callsOf(f, wide, new ArraySpec([1, 40], np.float64))).toEqual([0]);
  });

  it("stays with the session where its table is of another type", async () => {
    const wide = [new HostArray(Float64Array.from(table.data), [2, 4], np.float64), from, to];
    const f = lookUp((r0, r1) => np.exp(r0.mul(r1)));
    expect(await callsOf(f, wide, spec)).toEqual([0]);
  });
});

it("leaves a profile of each stage", async () => {
  const profile = mkdtempSync(join(tmpdir(), "flowify-stages-"));
  const profiled = await nativeExecutor({ threads: 1, profile });
  const x = normals([5, 7, 3], 2, 0.6);
  const program = await profiled.compile(forward, [specsOf(splineParams), new ArraySpec(x.shape, x.dtype)], {
    name: "spline",
    constant: splineParams,
  });
  await program.run([splineParams, x]);
  await program.dispose();
  await profiled.dispose();
  const files = readdirSync(profile);
  expect(files.map((file) => file.replace(/_.*/, "")).sort()).toEqual(["spline", "spline-stage1"]);
  for (const file of files) expect(() => JSON.parse(readFileSync(join(profile, file), "utf8"))).not.toThrow();
  rmSync(profile, { recursive: true });
});

describe("a flow with splines", () => {
  const layers: FlowLayer[] = [
    linear(12, 9),
    rqSpline([9], { init: "uniform" }),
    rqSpline([9], { bins: 4, bound: 1, init: "uniform" }),
    linear(9, 9),
    rqSpline([9], { init: "uniform" }),
    chain([linear(9, 5), rqSpline([5], { init: "uniform" })]),
  ] as FlowLayer[];
  const density = flow(layers);
  const params = onHost(density.init(random.key(5)));
  const model = new FlowModel(density, params, executor);
  const judge = new FlowModel(density, params, plain);
  const examples = normals([600, 12], 6).data as Float32Array;
  afterAll(() => Promise.all([model.dispose(), judge.dispose()]));

  it("has kernels between its sessions, several after one another where nothing is between", async () => {
    const x = new ArraySpec([256, 12], np.float32);
    expect(
      await callsOf(
        (p, a) =>
          density.ledger(
            p,
            a,
            layers.map(() => ({})),
          ),
        params,
        x,
      ),
    ).toEqual([1, 1, 1, 1, 0]);
  });

  it("scores and draws as by one session, on every worker", async () => {
    expect(await model.logProb(examples)).toEqual(await judge.logProb(examples));
    expect(await model.encode(examples)).toEqual(await judge.encode(examples));
    expect(await model.sampleFlat(600, { seed: 3 })).toEqual(await judge.sampleFlat(600, { seed: 3 }));
  });

  it("keeps calls apart that are made at once", async () => {
    const parts = [0, 1, 2].map((i) => examples.subarray(i * 200 * 12, (i + 1) * 200 * 12));
    const expected = await Promise.all(parts.map((part) => judge.logProb(part)));
    const found = await Promise.all([...parts, ...parts].map((part) => model.logProb(part)));
    expect(found).toEqual([...expected, ...expected]);
  });
});

it("is one session where nothing is looked up", async () => {
  expect(await callsOf((_params, x) => np.sin(x), [], new ArraySpec([4], np.float32))).toEqual([0]);
});
