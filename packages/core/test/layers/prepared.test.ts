/** A chain prepares the parameters of its splines together: the same as each by itself. */
import { grad, numpy as np, random, tree } from "@jax-js/jax";
import { afterAll, beforeAll, expect, it } from "vitest";
import { chain } from "../../src/index.js";
import type { ArrayTree, FlowLayer } from "../../src/layer.js";
import { linear } from "../../src/layers/linear.js";
import { rqSpline } from "../../src/layers/rq-spline.js";
import { type Precision, usePrecision } from "../../src/testing/prepare.js";

const WIDTH = 4;
const spline = (bins: number, bound: number): FlowLayer =>
  rqSpline([WIDTH], { bins, bound, init: "uniform" });
/** Two alike, one of other bins, one of another bound, and a layer that prepares nothing between them. */
const parts = [spline(5, 2), linear(WIDTH, WIDTH) as FlowLayer, spline(8, 2), spline(5, 2), spline(5, 3)];
const whole = chain(parts);

beforeAll(() => usePrecision("float64" satisfies Precision));
afterAll(() => usePrecision("float32"));

const asFloat64 = (params: ArrayTree): ArrayTree =>
  tree.map((a: np.Array) => a.astype(np.float64), params as never) as ArrayTree;
const start = (): ArrayTree[] => asFloat64(whole.init(random.key(3))) as ArrayTree[];
const points = (): np.Array =>
  np
    .arange(6 * WIDTH)
    .astype(np.float64)
    .mul(7 / 23)
    .sub(3.5)
    .reshape([6, WIDTH]);
/** The largest difference. */
const apartBy = (a: np.Array, b: np.Array): number => np.max(np.absolute(a.sub(b))).item();
const noNoise = parts.map(() => ({}));

it("forward, the contribution and the inverse are those of the layers one by one", () => {
  const params = start();
  const got = whole.forward(tree.ref(params as never) as ArrayTree[], points(), noNoise);
  let z = points();
  let contribution = np.zeros([6], { dtype: np.float64 });
  parts.forEach((layer, i) => {
    const step = layer.forward(tree.ref(params[i] as never) as ArrayTree, z, {});
    z = step.z;
    contribution = contribution.add(step.contribution);
  });
  expect(apartBy(got.z, z.ref)).toBeLessThan(1e-12);
  expect(apartBy(got.contribution, contribution)).toBeLessThan(1e-12);
  const back = whole.inverse(tree.ref(params as never) as ArrayTree[], z.ref, noNoise);
  const serialQueue = parts.reduceRight((x, layer, i) => layer.inverse(params[i] as ArrayTree, x, {}), z);
  expect(apartBy(back, serialQueue)).toBeLessThan(1e-12);
});

it("so is the gradient of every parameter", () => {
  const score = (step: { z: np.Array; contribution: np.Array }): np.Array =>
    np.sum(np.sin(step.z)).add(np.sum(step.contribution));
  const together = (params: ArrayTree[]): np.Array => score(whole.forward(params, points(), noNoise));
  const apart = (params: ArrayTree[]): np.Array => {
    let z = points();
    let total = np.zeros([6], { dtype: np.float64 });
    parts.forEach((layer, i) => {
      const step = layer.forward(params[i] as ArrayTree, z, {});
      z = step.z;
      total = total.add(step.contribution);
    });
    return score({ z, contribution: total });
  };
  const gradient = (f: (params: ArrayTree[]) => np.Array, params: ArrayTree[]): np.Array[] =>
    tree.leaves((grad(f as never) as (params: ArrayTree[]) => never)(params));
  const params = start();
  const got = gradient(together, tree.ref(params as never) as ArrayTree[]);
  const wanted = gradient(apart, params);
  expect(got).toHaveLength(wanted.length);
  got.forEach((g, i) => {
    expect(apartBy(g, wanted[i] as np.Array)).toBeLessThan(1e-10);
  });
});

it("layers of one key are prepared in one call, others by themselves", () => {
  const calls: [key: string, layers: number][] = [];
  const watched = parts.map((layer): FlowLayer => {
    const { prepare } = layer.facts;
    if (!prepare) return layer;
    const together: typeof prepare.together = (all, direction) => {
      calls.push([prepare.key, all.length]);
      return prepare.together(all, direction);
    };
    return { ...layer, facts: { ...layer.facts, prepare: { ...prepare, together } } };
  });
  chain(watched).forward(start(), points(), noNoise);
  expect(calls).toEqual([
    ["rqSpline 5 2", 2],
    ["rqSpline 8 2", 1],
    ["rqSpline 5 3", 1],
  ]);
});
