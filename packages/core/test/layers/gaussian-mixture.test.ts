/** A mixture of normals: its formula term by term, what its inverse draws, and what its start finds in rows. */
import { numpy as np, random } from "@jax-js/jax";
import { beforeAll, describe, expect, it } from "vitest";
import { jaxExecutor } from "../../src/executor/jax-executor.js";
import { fit } from "../../src/fit.js";
import { flowify } from "../../src/flowify.js";
import { fitMixture, likeliestPrior } from "../../src/init/fit-mixture.js";
import { type GaussianMixtureParams, gaussianMixture } from "../../src/layers/gaussian-mixture.js";
import { makeRng } from "../../src/math/rng.js";
import { invertUnitLower, strictlyLower } from "../../src/math/unit-lower.js";
import { copyToHost, floats } from "../../src/params/host.js";
import { HostArray } from "../../src/params/host-array.js";
import { numbersOf } from "../../src/testing/arrays.js";
import { logNormal, sum, toRows } from "../../src/testing/plain.js";
import { host, prepare, toJax, usePrecision } from "../../src/testing/prepare.js";
import { examplesOf } from "../support/arrays.js";
import { expectClose } from "../support/compare.js";
import { logSum } from "../support/plain.js";

type Host = { [name in keyof GaussianMixtureParams]: HostArray };

/** log π_k + log N_k of the first numbers of x, number by number, each with its mean given those before. */
function logsOf({ logits, means, logPrecision, lower }: Host, x: readonly number[], size: number): number[] {
  const [K = 0, n = 0] = means.shape;
  const total = logSum(Array.from(logits.data));
  return Array.from({ length: K }, (_, k) => {
    const mean = (j: number): number => means.data[k * n + j] as number;
    const terms = Array.from({ length: size }, (_v, j) => {
      const moved = Array.from(
        { length: j },
        (_u, i) => (lower.data[(k * n + j) * n + i] as number) * ((x[i] as number) - mean(i)),
      );
      return logNormal(
        x[j] as number,
        mean(j) - sum(moved),
        Math.exp(-(logPrecision.data[k * n + j] as number)),
      );
    });
    return (logits.data[k] as number) - total + sum(terms);
  });
}

describe("gaussianMixture", () => {
  it("L is the log-density of all numbers less that of the first ones", async () => {
    const [n, kept] = [5, 2];
    const layer = gaussianMixture([n], { components: 3, kept });
    const prepared = await prepare({ layer, spread: 0.7 }, "float64");
    const { z, contribution } = layer.forward(prepared.params() as GaussianMixtureParams, prepared.x(), {});
    const rows = toRows(await numbersOf(prepared.x()), n);
    expectClose(
      await numbersOf(z),
      rows.flatMap((x) => x.slice(0, kept)),
      "plain",
    );
    const own = prepared.hostParams as unknown as Host;
    const plain = rows.map((x) => logSum(logsOf(own, x, n)) - logSum(logsOf(own, x, kept)));
    expectClose(await numbersOf(contribution), plain, "closedForm64");
  });

  it("draws what is dropped from its density given what is kept", async () => {
    usePrecision("float32");
    const layer = gaussianMixture([2], { components: 2 });
    const params = (): GaussianMixtureParams => ({
      logits: np.array([0, 0.5]),
      means: np.array([-1, -2, 1, 2]).reshape([2, 2]),
      logPrecision: np.array([0, 1, 0.2, 0]).reshape([2, 2]),
      lower: np.array([0, 9, 0.8, 9, 0, 9, -0.6, 9]).reshape([2, 2, 2]), // the nines count for nothing
    });
    const B = 20_000;
    const rng = makeRng(5);
    const drawn = (f: () => number): np.Array => floats(Float32Array.from({ length: B }, f), [B, 1]);
    const x = layer.inverse(params(), np.full([B, 1], 0.3), {
      normal: drawn(() => rng.normal()),
      choice: drawn(() => rng.uniform()),
    });
    const second = toRows(await numbersOf(x), 2).map((row) => row[1] as number);
    const nodes = Array.from({ length: 4001 }, (_, i) => (i - 2000) / 200);
    const at = np.array(nodes.flatMap((v) => [0.3, v])).reshape([-1, 2]);
    const { z, contribution } = layer.forward(params(), at, {});
    z.dispose();
    const density = (await numbersOf(contribution)).map(Math.exp);
    const below = (limit: number): number => sum(density.filter((_, i) => nodes[i]! < limit)) / 200;
    expect(below(20)).toBeCloseTo(1, 4);
    for (const limit of [-3, -2, -1, 0, 1, 2, 3])
      expect(second.filter((v) => v < limit).length / B).toBeCloseTo(below(limit), 2);
  });

  it("starts with the kinds of rows that the data have", async () => {
    usePrecision("float32");
    const N = 2000;
    const { rows, truth } = threeKinds(N);
    const layer = gaussianMixture([3], { components: 3 });
    const data = Float32Array.from(rows.flatMap((row) => Array.from(row)));
    const params = (await layer.initFromData?.(
      random.key(0),
      examplesOf(data, N, [3]),
    )) as GaussianMixtureParams;
    const { z, contribution } = layer.forward(params, floats(data, [N, 3]), {});
    const logs = await numbersOf(contribution);
    const first = await numbersOf(z);
    const gap = rows.map((row, i) => truth(row, 3) - truth([first[i] as number], 1) - (logs[i] as number));
    expect(Math.abs(sum(gap) / N)).toBeLessThan(0.02);
  });

  it("begins at the normals of an earlier fit, in their order", async () => {
    usePrecision("float32");
    const N = 2000;
    const { rows } = threeKinds(N);
    const layer = gaussianMixture([3], { components: 3 });
    const examples = examplesOf(Float32Array.from(rows.flatMap((row) => Array.from(row))), N, [3]);
    const started = async (known?: Host): Promise<Host> =>
      (await copyToHost(await layer.initFromData!(random.key(0), examples.about(known)))) as Host;
    const first = await started();
    const turned = Object.fromEntries(
      Object.entries(first).map(([name, { data, shape, dtype }]) => {
        const size = data.length / 3;
        const blocks = [2, 0, 1].flatMap((k) => Array.from(data.slice(k * size, (k + 1) * size)));
        return [name, new HostArray(Float32Array.from(blocks), shape, dtype)];
      }),
    ) as Host;
    const again = await started(turned);
    expect(again.means.data).not.toEqual(first.means.data);
    for (const [name, { data }] of Object.entries(again))
      for (const [i, v] of data.entries())
        expect(Math.abs(v - turned[name as keyof Host]!.data[i]!)).toBeLessThan(0.02);
  });
});

/** Rows of three kinds, in which two numbers depend on each other in three ways, and log p of their first numbers. */
function threeKinds(N: number) {
  const kinds = [
    { weight: 0.5, mean: [0, 0, 5], slope: 0.9 },
    { weight: 0.3, mean: [4, -4, 5], slope: -0.9 },
    { weight: 0.2, mean: [-6, 3, 5], slope: 0 },
  ];
  const rng = makeRng(9);
  const rows = Array.from({ length: N }, () => {
    const u = rng.uniform();
    const { mean, slope } = kinds[u < 0.5 ? 0 : u < 0.8 ? 1 : 2]!;
    const a = rng.normal();
    return Float64Array.of(
      mean[0]! + a,
      mean[1]! + slope * a + 0.3 * rng.normal(),
      mean[2]! + 2 * rng.normal(),
    );
  });
  const truth = (x: ArrayLike<number>, size: number): number =>
    logSum(
      kinds.map(({ weight, mean, slope }) => {
        const all = [
          logNormal(x[0]!, mean[0], 1),
          logNormal(x[1]!, mean[1]! + slope * (x[0]! - mean[0]!), 0.3),
          logNormal(x[2]!, mean[2], 2),
        ];
        return Math.log(weight) + sum(all.slice(0, size));
      }),
    );
  return { rows, truth };
}

describe("fitMixture", () => {
  it("finds weights, means and covariances", async () => {
    const { rows } = threeKinds(4000);
    const found = fitMixture(rows, 3).sort((a, b) => b.weight - a.weight);
    const [first, second, third] = found;
    for (const [normal, weight, mean] of [
      [first, 0.5, [0, 0, 5]],
      [second, 0.3, [4, -4, 5]],
      [third, 0.2, [-6, 3, 5]],
    ] as const) {
      expect(normal?.weight).toBeCloseTo(weight, 1);
      for (const [i, v] of mean.entries()) expect(Math.abs(normal!.mean[i]! - v)).toBeLessThan(0.2);
    }
    const slopes = found.map(({ factor }) => factor[3]! / factor[0]!); // of the second number on the first
    for (const [i, slope] of [0.9, -0.9, 0].entries())
      expect(Math.abs(slopes[i]! - slope)).toBeLessThan(0.05);
  });

  it("stops after the rounds that it may take", async () => {
    const { rows } = threeKinds(400);
    // the first round is that of the clusters
    const [start, two] = [1, 2].map((rounds) => fitMixture(rows, 3, { rounds }));
    const again = fitMixture(rows, 3, { from: start!, rounds: 2 });
    for (const [k, { mean }] of two!.entries())
      for (const [i, v] of mean.entries()) expect(again[k]!.mean[i]).toBeCloseTo(v, 6);
    expect(start).not.toEqual(two);
  });

  it("has narrow directions where further rows lie in them, too", () => {
    const rng = makeRng(7);
    const narrow = Array.from({ length: 120 }, (_, r) => {
      const a = rng.normal();
      return Float64Array.of(a + 9 * (r % 2), a + 0.01 * rng.normal(), a - 0.01 * rng.normal());
    });
    const round = Array.from({ length: 120 }, (_, r) =>
      Float64Array.of(rng.normal() + 9 * (r % 2), rng.normal(), rng.normal()),
    );
    expect([likeliestPrior(narrow, 2), likeliestPrior(round, 2)]).toEqual([0.01, 1]);
    // the last number given the first two has a spread of 0.014
    for (const { factor } of fitMixture(narrow, 2, { prior: 0.01 })) expect(factor[8]).toBeLessThan(0.02);
    for (const { factor } of fitMixture(narrow, 2)) expect(factor[8]).toBeGreaterThan(0.05);
  });

  it.each([
    ["fewer rows than components", 3, (i: number) => i],
    ["all rows the same", 50, () => 7],
    ["huge numbers", 50, (i: number) => 1e30 * (i % 3)],
  ])("has finite numbers with %s", async (_, N, at) => {
    const rows = Array.from({ length: N }, (_v, i) => Float64Array.of(at(i), 1, -at(i + 1)));
    for (const { weight, mean, factor } of fitMixture(rows, 8)) {
      expect(weight).toBeGreaterThan(0);
      for (const v of [...mean, ...factor]) expect(Number.isFinite(v)).toBe(true);
      for (const i of [0, 4, 8]) expect(factor[i]).toBeGreaterThan(0);
    }
  });
});

describe("invertUnitLower", () => {
  beforeAll(() => usePrecision("float64"));

  it.each([1, 2, 3, 7, 16])("(I + N)⁻¹ (I + N) = I, of side %i", async (n) => {
    const rng = makeRng(n);
    const lower = () => strictlyLower(toJax(host(numbers, [2, n, n]), "float64"));
    const numbers = Array.from({ length: 2 * n * n }, () => rng.normal());
    const product = np.matmul(
      invertUnitLower(lower()),
      lower().add(toJax(host(identity(n), [n, n]), "float64")),
    );
    expectClose(await numbersOf(product), [...identity(n), ...identity(n)], "closedForm64");
  });
});

const identity = (n: number): number[] => Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0));

describe("of classes", () => {
  it("starts with normals of each class, those of few rows with those of all", async () => {
    usePrecision("float32");
    const rng = makeRng(5, 0);
    const at = [0, 4, -4, 0];
    // the last class has four rows, all the same
    const labels = Array.from({ length: 304 }, (_, r) => [r < 300 ? r % 3 : 3]);
    const rows = labels.map(([c = 0]) => (c < 3 ? [at[c]! + rng.normal(), -at[c]! + rng.normal()] : [1, 1]));
    const network = {
      inShape: [2],
      layers: [{ kind: "gaussianMixture", components: 8, kept: 0 }],
      condition: { classes: 4 },
    } as const;
    const model = await fit(flowify(network), rows, {
      condition: labels,
      steps: 1,
      learningRate: 1e-6,
      executor: jaxExecutor(),
    });
    const logs = await Promise.all([0, 1, 2, 3].map((c) => model.logProb(rows, { condition: [[c]] })));
    const some = logs.slice(0, 3); // the classes of many rows
    const likeliest = rows
      .slice(0, 300)
      .map((_, r) => some.findIndex((log) => log[r] === Math.max(...some.map((l) => l[r]!))));
    expect(likeliest.filter((c, r) => c === labels[r]![0]).length).toBeGreaterThan(295);
    const entropy = 1 + Math.log(2 * Math.PI); // of a normal in two dimensions
    const own = rows.slice(0, 300).map((_, r) => logs[labels[r]![0]!]![r]!);
    expect(sum(own) / own.length).toBeGreaterThan(-entropy - 0.1);
    expect(sum([...logs[3]!]) / rows.length).toBeGreaterThan(-entropy - 2); // as wide as all rows
    const again = await model.reconstruct(rows.slice(0, 5), { condition: [[1]] });
    expect(again.length).toBe(10); // samples: a flow that ends in a mixture of all numbers has no latents
    await model.dispose();
  });
});

describe("given numbers", () => {
  it("starts with normals of each group of conditions, whose weights follow the numbers", async () => {
    usePrecision("float32");
    const rng = makeRng(6, 0);
    const centres = [
      [0, 0],
      [3, 0],
      [0, 3],
    ];
    const groups = Array.from({ length: 600 }, (_, r) => r % 3);
    const given = groups.map((g) => centres[g]!.map((c) => c + 0.3 * rng.normal()));
    const rows = groups.map((g) => [6 * g + rng.normal(), -6 * g + rng.normal()]);
    const start = async (condition: readonly number[][]) => {
      const network = {
        inShape: [2],
        layers: [{ kind: "gaussianMixture", components: 6, kept: 0 }],
        condition: { shape: [2] },
      } as const;
      const options = { condition, steps: 1, learningRate: 1e-6, executor: jaxExecutor() };
      const model = await fit(flowify(network), rows, options);
      const log = await model.logProb(rows, { condition });
      const other = await model.logProb(rows, {
        condition: condition.map((_, r) => condition[(r + 1) % 600]!),
      });
      await model.dispose();
      return [log, other].map((each) => sum([...each]) / each.length);
    };
    const entropy = 1 + Math.log(2 * Math.PI); // of a normal in two dimensions
    const [own = 0, other = 0] = await start(given);
    expect(own).toBeGreaterThan(-entropy - 0.1);
    expect(other).toBeLessThan(own - 4); // conditions of another group
    const [same = 0] = await start(given.map(() => [1, 1])); // which of three is not known
    expect(same).toBeLessThan(-entropy - Math.log(3) + 0.1);
    expect(same).toBeGreaterThan(-entropy - Math.log(3) - 0.1);
  });
});
