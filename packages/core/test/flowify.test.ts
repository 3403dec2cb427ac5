import { numpy as np, random } from "@jax-js/jax";
import { beforeAll, describe, expect, it } from "vitest";
import { standardNormal } from "../src/base.js";
import { chain } from "../src/chain.js";
import { DomainError, type FlowifyError, ShapeError, UnsupportedOpError, UsageError } from "../src/errors.js";
import { flow } from "../src/flow.js";
import { flowify } from "../src/flowify.js";
import { dequantize } from "../src/layers/dequantize.js";
import { leakyRelu } from "../src/layers/leaky-relu.js";
import { linear } from "../src/layers/linear.js";
import { prelu } from "../src/layers/prelu.js";
import { permute, reshape } from "../src/layers/reshape.js";
import { rqSpline } from "../src/layers/rq-spline.js";
import { whiten } from "../src/layers/whiten.js";
import { nth } from "../src/lists.js";
import { makeRng } from "../src/math/rng.js";
import type { Network } from "../src/network/network.js";
import { meanNoise } from "../src/noise.js";
import { floats } from "../src/params/host.js";
import { numbersOf } from "../src/testing/arrays.js";
import { type Rows, toRows } from "../src/testing/plain.js";
import { usePrecision } from "../src/testing/prepare.js";
import { zoo } from "../src/zoo.js";
import { expectClose } from "./support/compare.js";
import { dense } from "./support/plain.js";

beforeAll(() => usePrecision("float32"));

const rng = makeRng(21);
const normals = (n: number): Float64Array => Float64Array.from({ length: n }, () => rng.normal());
const weights = (n: number, m: number) => ({ weight: normals(n * m), bias: normals(m) });

describe("flowify", () => {
  const [first, second, third] = [weights(6, 4), weights(4, 5), weights(5, 2)];
  const slopes = [0.1, 0.2, 0.3, 0.4];
  const network: Network = {
    inShape: [2, 3],
    layers: [
      { kind: "flatten" },
      { kind: "permute", order: [5, 3, 1, 0, 2, 4] },
      { kind: "linear", out: 4, weights: first },
      { kind: "prelu", slope: slopes },
      { kind: "linear", out: 5, weights: second },
      { kind: "leakyRelu", slope: 0.3 },
      { kind: "rqSpline" },
      { kind: "linear", out: 2, weights: third },
      { kind: "reshape", shape: [2, 1] },
    ],
  };
  /** The same network, as anyone would write it. A spline starts as the identity. */
  const plain = (x: Rows): number[] => {
    const layer = (rows: Rows, { weight, bias }: ReturnType<typeof weights>): Rows =>
      dense(rows, toRows(weight, weight.length / bias.length), Array.from(bias));
    const ordered = x.map((row) => [5, 3, 1, 0, 2, 4].map((i) => nth(row, i)));
    const h1 = layer(ordered, first).map((row) => row.map((v, j) => (v < 0 ? nth(slopes, j) * v : v)));
    const h2 = layer(h1, second).map((row) => row.map((v) => (v < 0 ? 0.3 * v : v)));
    return layer(h2, third).flat();
  };

  it("computes the plain network in deterministic mode", async () => {
    const made = flowify(network);
    const params = made.init(random.key(1));
    const x = Float32Array.from(normals(18));
    const z = made.encode(params, floats(x, [3, 2, 3]), meanNoise(made.forwardNoise, 3));
    expect(z.shape).toEqual([3, 2, 1]);
    expectClose(await numbersOf(z), plain(toRows(x, 6)), "plain");
  });

  it("chooses densities and parameters as it is told", () => {
    const noise = (options: Parameters<typeof flowify>[1]) =>
      (flowify({ inShape: [3], layers: [{ kind: "linear", out: 2 }] }, options).inverseNoise as object[])[0];
    expect(Object.keys(noise({ density: "gaussian" }) as object)).toEqual(["normal"]);
    expect(Object.keys(noise({ density: "mixture" }) as object)).toEqual(["normal", "choice"]);
    const up = { inShape: [2], layers: [{ kind: "linear", out: 3 }] } as const;
    expect(JSON.stringify(flowify(up, { augmentation: "uniform" }).forwardNoise)).toContain("uniform");
    expect(JSON.stringify(flowify(up).forwardNoise)).toContain("normal");
    expect(JSON.stringify(flowify(up, { orthogonal: "expm" }).parameterKinds)).not.toContain("orthogonal");
    expect(JSON.stringify(flowify(up).parameterKinds)).toContain("orthogonal");
  });

  it("makes the network of the paper, and the same with our layers in front", () => {
    for (const name of ["mnist/fmlp:paper", "mnist/fmlp"]) {
      const made = flowify(zoo(name));
      expect([made.inShape, made.latentShape, made.dimensions]).toEqual([[1, 28, 28], [8], 784]);
    }
    const kinds = (name: string): string[] => zoo(name).layers.map(({ kind }) => kind);
    const [dequantization, ...others] = kinds("mnist/fconv2:paper");
    expect(dequantization).toBe("dequantize");
    const whole = kinds("mnist/fconv2");
    expect(whole.slice(-others.length)).toEqual(others);
    expect(whole.slice(0, 3)).toEqual(["variationalDequantize", "marginal", "squeeze"]);
    expect(() => zoo("mnist/none")).toThrow(UsageError);
    expect(() => zoo("mnist/none")).toThrow("mnist/fmlp");
    expect(() => zoo("toString")).toThrow(UsageError);
  });

  it("splits the blocks of an image in another way for each pair of couplings in front, and puts them back", () => {
    const { layers, inShape } = zoo("cifar10/fconv2-nsf");
    const between = layers.slice(
      3,
      layers.findIndex(({ kind }) => kind === "unsqueeze"),
    );
    const colours = inShape[0] as number;
    let places = Array.from({ length: 4 * colours }, (_, channel) => channel % 4);
    const first: string[] = [];
    for (const layer of between) {
      if (layer.kind === "permuteChannels") places = (layer.order as number[]).map((from) => places[from]!);
      if (layer.kind !== "coupling") continue;
      expect(layer.stack).toBe(2); // two turn the order around
      first.push([...new Set(places.slice(0, places.length / 2))].sort((a, b) => a - b).join(" "));
      places = places.toReversed();
    }
    expect(first).toEqual(["0 1", "0 3", "0 2"]); // rows, a checkerboard, columns
    expect(places).toEqual(Array.from({ length: 4 * colours }, (_, channel) => channel % 4));
  });
});

describe("what cannot be built says so before any data is read", () => {
  it.each<[string, () => unknown, new (...args: never[]) => FlowifyError, string]>([
    [
      "a kind without a rule",
      () => flowify({ inShape: [2], layers: [{ kind: "softmax" } as never] }),
      UnsupportedOpError,
      'layer 0: unknown kind "softmax"',
    ],
    [
      "a kind named like a method",
      () => flowify({ inShape: [2], layers: [{ kind: "toString" } as never] }),
      UnsupportedOpError,
      '"toString"',
    ],
    [
      "weights of another size",
      () => flowify({ inShape: [3], layers: [{ kind: "linear", out: 2, weights: weights(2, 2) }] }),
      ShapeError,
      "linear[0]: linear: a weight [2, 3] has 6 entries, got 4",
    ],
    [
      "a reshape to another size",
      () => flowify({ inShape: [3], layers: [{ kind: "reshape", shape: [2, 2] }] }),
      ShapeError,
      "reshape[0]: reshape: [B, 3] has 3 entries, [B, 2, 2] has 4",
    ],
    [
      "neighbours that do not fit",
      () => chain([linear(3, 2), linear(3, 2)]),
      ShapeError,
      "linear[1]: expects [B, 3], but linear[0] returns [B, 2]",
    ],
    ["an empty chain", () => chain([]), ShapeError, "at least one layer"],
    [
      "a base of another shape",
      () => flow([linear(3, 2)], standardNormal([3])),
      ShapeError,
      "standardNormal: the base has the shape [B, 3], the last layer returns [B, 2]",
    ],
    ["no sizes", () => linear(0, 2), ShapeError, "linear: in must be a positive integer, got 0"],
    ["half a size", () => linear(2, 1.5), ShapeError, "out must be a positive integer, got 1.5"],
    [
      "a weight that is not finite",
      () => linear(1, 1, { weights: { weight: Float64Array.of(Number.NaN) } }),
      DomainError,
      "a given weight is NaN",
    ],
    [
      "a bias of another size",
      () => linear(1, 1, { weights: { weight: Float64Array.of(1), bias: Float64Array.of(1, 2) } }),
      ShapeError,
      "a bias [1] has 1 entries, got 2",
    ],
    [
      "an option that the kind does not have",
      () =>
        flowify({ inShape: [2, 2, 2], layers: [{ kind: "conv2d", out: 1, kernel: 1, strid: 2 } as never] }),
      UsageError,
      'conv2d[0]: unknown option "strid"; did you mean "stride"?',
    ],
    [
      "a slope of zero",
      () => leakyRelu([2], { slope: 0 }),
      DomainError,
      "leakyRelu: slope: expected a number above 0, found 0",
    ],
    [
      "a slope that is negative",
      () => prelu([2], { slope: -1 }),
      DomainError,
      "prelu: slope: expected a number above 0, or a list of them, found -1",
    ],
    ["slopes of other channels", () => prelu([3], { slope: [1, 2] }), ShapeError, "2 slopes for 3 channels"],
    [
      "one level",
      () => dequantize([2], { levels: 1 }),
      DomainError,
      "dequantize: levels: expected an integer from 2 to 65536, found 1",
    ],
    [
      "one bin",
      () => rqSpline([2], { bins: 1 }),
      DomainError,
      "rqSpline: bins: expected an integer from 2 to 500, found 1",
    ],
    [
      "no bound",
      () => rqSpline([2], { bound: Number.POSITIVE_INFINITY }),
      DomainError,
      "rqSpline: bound: expected a number above 0, found Infinity",
    ],
    [
      "an order that repeats",
      () => permute([3], [0, 0, 1]),
      ShapeError,
      "[0, 0, 1] is not a permutation of 0..2",
    ],
    ["an order that is short", () => permute([3], [1, 0]), ShapeError, "is not a permutation"],
    [
      "an order of halves",
      () => permute([2], [0.5, 1]),
      DomainError,
      "order: expected an integer of at least 0, found 0.5",
    ],
    ["a whitening of nothing", () => whiten([0]), ShapeError, "must be a positive integer"],
    ["a reshape to nothing", () => reshape([2], [3]), ShapeError, "has 2 entries"],
  ])("%s", (_, build, kind, message) => {
    expect(build).toThrow(kind);
    expect(build).toThrow(message);
  });

  it("takes data of another shape for what it is", () => {
    const made = flow([linear(3, 2)]);
    const params = made.init(random.key(0));
    expect(() => made.logProb(params, np.zeros([2, 4]), meanNoise(made.forwardNoise, 2))).toThrow(
      "linear: expected x [B, 3], got [2, 4]",
    );
  });
});
