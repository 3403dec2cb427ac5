/** A mixture of flows: its density against those of its members, what it draws, and what its condition changes. */
import { numpy as np, random } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import { standardNormal } from "../../src/base.js";
import { FlowModel, fit, flow, flowify, jaxExecutor } from "../../src/index.js";
import { defineLayer } from "../../src/layer.js";
import { flowMixture } from "../../src/layers/flow-mixture.js";
import { gaussianMixture } from "../../src/layers/gaussian-mixture.js";
import { linear } from "../../src/layers/linear.js";
import { rqSpline } from "../../src/layers/rq-spline.js";
import { whiten } from "../../src/layers/whiten.js";
import { makeRng } from "../../src/math/rng.js";
import type { HostArray } from "../../src/params/host-array.js";
import { numbersOf } from "../../src/testing/arrays.js";
import { logNormal, sum } from "../../src/testing/plain.js";
import { prepare, usePrecision } from "../../src/testing/prepare.js";
import { takeToHost } from "../../src/train/state.js";
import { examplesOf } from "../support/arrays.js";
import { expectClose } from "../support/compare.js";
import { logSum } from "../support/plain.js";

const members = () => [
  [linear(3, 3), rqSpline([3])],
  [linear(3, 2)],
  [gaussianMixture([3], { components: 2 })],
];

describe("flowMixture", () => {
  it("L is the log of the weighted sum of the members' densities", async () => {
    const layer = flowMixture(members());
    const prepared = await prepare({ layer, spread: 0.5 }, "float64");
    const { z, contribution } = layer.forward(
      prepared.params() as never,
      prepared.x(),
      prepared.forwardNoise(),
    );
    expect(z.shape).toEqual([3, 0]);
    z.dispose();
    const { logits, members: own } = prepared.params() as { logits: np.Array; members: never[] };
    const weights = await numbersOf(logits);
    const logs: number[][] = [];
    for (const [m, layers] of members().entries())
      logs.push(
        await numbersOf(
          flow(layers).logProb(
            own[m] as never,
            prepared.x(),
            layers.map(() => ({})),
          ),
        ),
      );
    const expected = [0, 1, 2].map(
      (i) => logSum(logs.map((log, m) => log[i]! + weights[m]!)) - logSum(weights),
    );
    expectClose(await numbersOf(contribution), expected, "closedForm64");
  });

  it("the base of nothing is 0, whatever was in memory", async () => {
    usePrecision("float32");
    for (let i = 0; i < 20; i++) np.full([24], 7).dispose();
    expect(await numbersOf(standardNormal([0]).logProb(np.zeros([24, 0])))).toEqual(new Array(24).fill(0));
  });

  it("draws from its members by their weights", async () => {
    usePrecision("float32");
    const made = flow([flowMixture([[whiten([1])], [whiten([1])]])]);
    const normal = (mean: number, std: number) => ({
      mean: np.array([mean]),
      rotation: np.eye(1),
      logStd: np.array([Math.log(std)]),
    });
    const params = await takeToHost([
      { logits: np.array([0, Math.log(4)]), members: [[normal(-3, 0.5)], [normal(4, 2)]] },
    ]);
    const model = new FlowModel(made, params, jaxExecutor());
    const drawn = await model.sampleFlat(20_000, { seed: 3 });
    const truth = (x: number): number =>
      Math.log(0.2 * Math.exp(logNormal(x, -3, 0.5)) + 0.8 * Math.exp(logNormal(x, 4, 2)));
    expect(drawn.filter((x) => x < -1.5).length / drawn.length).toBeCloseTo(0.2 + 0.8 * 0.003, 2);
    expect(sum(Array.from(drawn)) / drawn.length).toBeCloseTo(0.2 * -3 + 0.8 * 4, 1);
    const some = drawn.subarray(0, 50);
    expectClose(Array.from(await model.logProb(some)), Array.from(some, truth), "plain");
    expect((await model.encode(some)).length).toBe(0);
    await model.dispose();
  });

  it("passes a condition on to its members, and learns from it", async () => {
    const rng = makeRng(1);
    const condition = Float32Array.from({ length: 400 }, () => rng.normal());
    const x = condition.map((c) => 3 * c + 0.1 * rng.normal());
    const line = { kind: "conditionalAffine", hidden: 16 } as const;
    const network = {
      inShape: [1],
      condition: { shape: [1] },
      layers: [{ kind: "flowMixture", members: [[line], [{ kind: "affine" }, line]] } as const],
    };
    const model = await fit(flowify(network), x, {
      condition,
      steps: 60,
      learningRate: 0.02,
      seed: 1,
      executor: jaxExecutor(),
    });
    const at = async (c: number): Promise<number> =>
      (await model.sampleFlat(200, { condition: [c] })).reduce((a, b) => a + b, 0) / 200;
    expect((await at(1)) - (await at(-1))).toBeGreaterThan(4);
    await model.dispose();
  });

  it("starts, stacked, with the weights that held-out examples want, and one start for what members share", async () => {
    usePrecision("float32");
    const rng = makeRng(3);
    const N = 300;
    const rows = new Float32Array(2 * N);
    for (let at = 0; at < rows.length; at += 2) {
      rows[at] = rng.normal();
      rows[at + 1] = rows[at]! ** 2 + 0.1 * rng.normal(); // no Gaussian
    }
    const whiten = { kind: "whiten" } as const;
    const marginal = { kind: "marginal" } as const;
    const made = flowify({
      inShape: [2],
      layers: [
        {
          kind: "flowMixture",
          stacked: true,
          fixed: 3,
          members: [
            [whiten],
            [marginal, { kind: "gaussianMixture", components: 6, kept: 0 }],
            [{ kind: "gaussianMixture", components: 6, kept: 0 }],
            [marginal, { kind: "coupling", stack: 1, hidden: 4 }],
          ],
        },
      ],
    });
    const layer = made.chain.layers[0]!;
    const params = (await layer.initFromData!(random.key(1), examplesOf(rows, N, [2]))) as {
      logits: np.Array;
      members: { widths: np.Array }[][];
    };
    const weights = (await numbersOf(params.logits)).map((logit) => Math.exp(30 * logit));
    expect(sum(weights)).toBeCloseTo(1, 1);
    // all of them count as one example more
    expect(weights[0]).toBeCloseTo(1 / (4 * N), 6);
    expect(weights[1]! + weights[2]!).toBeGreaterThan(0.98);
    expect(weights[3]).toBeCloseTo(0.01, 5);
    const [, behind, , learning] = params.members;
    expect(await numbersOf(learning![0]!.widths)).toEqual(await numbersOf(behind![0]!.widths));
  });

  it("keeps the earlier of two fits where the examples are likelier under it", async () => {
    usePrecision("float32");
    const rng = makeRng(6);
    const N = 1000;
    const rows = Float32Array.from({ length: N }, () => rng.normal());
    const found = [0, 5]; // the first fit is right, the second is not
    const shifted = defineLayer<{ mean: np.Array }>({
      name: "shifted",
      inShape: [1],
      init: (key) => {
        key.dispose();
        return { mean: np.zeros([1]) };
      },
      initFromData: async (key) => {
        key.dispose();
        return { mean: np.array([found.shift() ?? Number.NaN]) };
      },
      forward: ({ mean }, x) => ({ contribution: np.zeros([x.shape[0]!]), z: x.sub(mean) }),
      inverse: ({ mean }, z) => z.add(mean),
    });
    const layer = flowMixture([[shifted], [whiten([1])]], { fixed: 2, stacked: true });
    const { members } = await layer.initFromData!(random.key(1), examplesOf(rows, N, [1]));
    const [{ mean }] = members[0] as unknown as [{ mean: np.Array }];
    expect([found.length, ...(await numbersOf(mean))]).toEqual([0, 0]);
  });

  it("starts whitenings by held-out variances from more examples, and keeps that start", async () => {
    usePrecision("float32");
    const rng = makeRng(7);
    const [n, N] = [20, 9600];
    const rows = Float32Array.from({ length: n * N }, () => rng.normal());
    const layer = flowMixture([[whiten([n], { heldOut: true })], [rqSpline([n])]], {
      fixed: 2,
      stacked: true,
    });
    expect(layer.facts.initExamples).toBe(N); // 24 n²
    const { members } = await layer.initFromData!(random.key(1), examplesOf(rows, N, [n]));
    const [[{ mean }]] = members as unknown as [[{ mean: np.Array }]];
    for (const [i, own] of (await numbersOf(mean)).entries()) {
      const column = rows.filter((_, at) => at % n === i);
      expect(own).toBeCloseTo(sum(Array.from(column)) / N, 5);
    }
  });

  it("is fitted, where it is not trained, to all of a few examples, and trains on those that are not held out", async () => {
    usePrecision("float32");
    const rng = makeRng(5);
    const rows = Float32Array.from({ length: 2 * 60 }, () => rng.normal());
    const made = flowify({
      inShape: [2],
      layers: [
        {
          kind: "flowMixture",
          fixed: 1,
          stacked: true,
          members: [
            [{ kind: "whiten", scaled: true }],
            [
              { kind: "whiten", scaled: true },
              { kind: "coupling", stack: 1, hidden: 4 },
            ],
          ],
        },
      ],
    });
    type Params = readonly [{ logits: HostArray; members: readonly [{ mean: HostArray }, object][] }];
    const options = { executor: jaxExecutor(), steps: 4, batchSize: 16 };
    const meanOf = (from: number, to: number): number[] =>
      [0, 1].map(
        (c) => sum(Array.from({ length: to - from }, (_, r) => rows[2 * (from + r) + c]!)) / (to - from),
      );
    const means = async (validation: number | Float32Array): Promise<number[][]> => {
      const data = typeof validation === "number" ? rows : rows.subarray(0, 90);
      const model = await fit(made, data, { ...options, validation });
      const [{ members }] = model.params as unknown as Params;
      await model.dispose();
      return members.map(([first]) => Array.from(first.mean.data));
    };
    const [fitted, trained] = await means(0.25);
    expectClose(fitted!, meanOf(0, 60), "start");
    expect(Math.abs(trained![0]! - fitted![0]!)).toBeGreaterThan(1e-3); // of 45 rows
    // others that were held out stay out
    const [apart] = await means(rows.subarray(90));
    expectClose(apart!, meanOf(0, 45), "start");
  });
});
