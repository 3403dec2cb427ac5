import { afterAll, describe, expect, it } from "vitest";
import {
  couplingFlow,
  DataError,
  DomainError,
  FlowModel,
  fit,
  flowify,
  jaxExecutor,
  type Network,
  ShapeError,
  splineFlow,
  UsageError,
} from "../src/index.js";
import { makeRng } from "../src/math/rng.js";

const executor = jaxExecutor();
const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((a, b) => a + b, 0) / values.length;

/** y | c ~ N(sin 2c, (0.1 + 0.2 |c|)²), and its log-density. */
function waves(count: number, seed: number) {
  const rng = makeRng(seed);
  const c = Array.from({ length: count }, () => [4 * rng.uniform() - 2]);
  const law = ([at = 0]: number[]) => ({ middle: Math.sin(2 * at), std: 0.1 + 0.2 * Math.abs(at) });
  const y = c.map((at) => [law(at).middle + law(at).std * rng.normal()]);
  const truth = y.map(([v = 0], i) => {
    const { middle, std } = law(c[i] as number[]);
    return -0.5 * ((v - middle) / std) ** 2 - Math.log(std) - 0.5 * Math.log(2 * Math.PI);
  });
  return { c, y, truth };
}

const training = waves(2000, 1);
const settings = { executor, steps: 300, batchSize: 128, learningRate: 4e-3, seed: 7 };
const model = await fit(couplingFlow(1, { condition: 1, hidden: 24 }), training.y, {
  ...settings,
  condition: training.c,
});
afterAll(() => model.dispose());

describe("a density with a condition", () => {
  it("learns a mean and a spread that depend on it, to a fraction of a nat of the truth", async () => {
    const { c, y, truth } = waves(1000, 2);
    const found = await model.logProb(y, { condition: c });
    expect(mean(found)).toBeGreaterThan(mean(truth) - 0.12);
    expect(mean(found)).toBeLessThan(mean(truth) + 0.02);
  });

  it("integrates to 1 for every condition", async () => {
    const grid = Array.from({ length: 4001 }, (_, i) => [-10 + i / 200]);
    for (const c of [-2, -1.5, -1, -0.5, 0, 0.3, 0.8, 1.2, 1.7, 3]) {
      const density = await model.logProb(grid, { condition: [[c]] });
      expect(density.reduce((sum, log) => sum + Math.exp(log), 0) / 200).toBeCloseTo(1, 3);
    }
  });

  it("draws from the density at the condition, one for all or one each", async () => {
    const draws = await model.sample(600, { condition: [[1]], seed: 3 });
    expect(mean(draws.map(([v = 0]) => v))).toBeCloseTo(Math.sin(2), 0);
    const each = await model.sample(600, { condition: draws.map(() => [1]), seed: 3 });
    expect(each).toEqual(draws);
    expect(await model.sample(600, { condition: 1, seed: 3 })).toEqual(draws);
    const other = await model.sample(600, { condition: [[-1]], seed: 3 });
    expect(mean(other.map(([v = 0]) => v))).toBeLessThan(-0.5);
  });

  it("comes back from its latent, and is explained, evaluated and streamed at its condition", async () => {
    const { c, y } = waves(300, 4);
    const z = await model.encode(y, { condition: c });
    const back = await model.decode(z, { condition: c });
    back.forEach((v, i) => expect(v).toBeCloseTo(y[i]?.[0] as number, 3));
    const whole = await model.logProb(y, { condition: c });
    const { nats, ledger } = await model.evaluate(y, { condition: c });
    expect(nats).toBeCloseTo(mean(whole), 6);
    expect(ledger.map(({ layer }) => layer)).toContain("conditionalAffine[1]");
    const streamed: number[] = [];
    for await (const { logProb } of model.score([y.slice(0, 100), y.slice(100)], { condition: c }))
      streamed.push(...logProb);
    expect(streamed).toEqual([...whole]);
    const [line] = await model.explain(y.slice(0, 1), y, { condition: c.slice(0, 1), others: c });
    expect(line?.layer).toBe("whiten[0]");
    const [, middle] = await model.explain(y.slice(0, 1), y, { condition: 0 });
    expect(middle).toEqual((await model.explain(y.slice(0, 1), y, { condition: [[0]] }))[1]);
    const at0: number[] = [];
    for await (const { logProb } of model.score([y], { condition: 0 })) at0.push(...logProb);
    expect(at0).toEqual([...(await model.logProb(y, { condition: [[0]] }))]);
    const { logProb, gradient } = await model.logProbGradient(y.slice(0, 5), { condition: c.slice(0, 5) });
    expect([...logProb]).toEqual([...whole.subarray(0, 5)]);
    expect(gradient).toHaveLength(5);
  });

  it("is saved, loaded, and has the same likelihood", async () => {
    const { c, y } = waves(50, 5);
    const again = await FlowModel.load(model.flow, model.save(), executor);
    expect(await again.logProb(y, { condition: c })).toEqual(await model.logProb(y, { condition: c }));
    await again.dispose();
  });

  it("is the same for the same seed, and keeps the best on held-out pairs", async () => {
    const fresh = waves(400, 6);
    const run = () =>
      fit(splineFlow(1, { condition: 1, hidden: 8, marginalBins: 8 }), fresh.y, {
        ...settings,
        steps: 40,
        condition: fresh.c,
        validation: 0.2,
      });
    const [a, b] = [await run(), await run()];
    expect(a.save()).toEqual(b.save());
    await a.dispose();
    await b.dispose();
  });

  it("of one of some classes", async () => {
    const rng = makeRng(9);
    const c = Array.from({ length: 600 }, () => rng.integer(3));
    const y = c.map((k) => [3 * k + 0.3 * rng.normal(), k - 1 + rng.normal()]);
    const classes = await fit(couplingFlow(2, { condition: { classes: 3 }, hidden: 8, blocks: 1 }), y, {
      ...settings,
      steps: 80,
      learningRate: 2e-2,
      condition: c,
    });
    for (const k of [0, 1, 2]) {
      const draws = await classes.sample(300, { condition: k, seed: 1 });
      expect(Math.abs(mean(draws.map(([v = 0]) => v)) - 3 * k)).toBeLessThan(0.3);
    }
    await expect(classes.sample(2, { condition: [3] })).rejects.toThrow(
      "sample: in the condition, example 0 holds 3 in column 0: values must be integers in 0..2",
    );
    await classes.dispose();
  });
});

describe("a condition that does not fit", () => {
  const { c, y } = waves(20, 8);

  it.each([
    ["none", {}, UsageError, "logProb: this density is conditional\ngive { condition }: numbers [1]"],
    ["too few", { condition: c.slice(1) }, DataError, "logProb: got 19 conditions for 20 examples"],
    ["of another shape", { condition: c.map((row) => [...row, 0]) }, DataError, "in the condition"],
    ["with NaN", { condition: [[Number.NaN]] }, DomainError, "in the condition, example 0 holds NaN"],
    ["a word", { condition: "1" as never }, DataError, "in the condition"],
  ])("%s", async (_, options, Type, text) => {
    const failed = model.logProb(y, options);
    await expect(failed).rejects.toThrow(Type);
    await expect(failed).rejects.toThrow(text);
  });

  it("of a stream", async () => {
    const failed = model.score([y], { condition: [[Number.NaN]] }).next();
    await expect(failed).rejects.toThrow("score: in the condition, example 0 holds NaN");
    // batches are of 256: one condition is left for the last 44 examples, and is not that of them all
    const many = waves(300, 9);
    for (const [count, says] of [
      [257, "score: got 257 conditions for 300 or more examples, expected one of each, or one for all"],
      [301, "score: got 301 conditions for 300 examples"],
    ] as const) {
      const condition = waves(count, 9).c;
      const scores = async () => {
        for await (const { logProb } of model.score([many.y], { condition }))
          expect([...logProb].every(Number.isFinite)).toBe(true);
      };
      await expect(scores()).rejects.toThrow(says);
    }
  });

  it("for a flow that has none", async () => {
    const plain = await fit(couplingFlow(1), y, { executor, steps: 2 });
    await expect(plain.logProb(y, { condition: c })).rejects.toThrow(
      "logProb: got a condition, but this flow has none\nmake it with { condition }",
    );
    await plain.dispose();
    await expect(fit(couplingFlow(1), y, { executor, steps: 2, condition: c })).rejects.toThrow(UsageError);
  });

  it("in training", async () => {
    const flow = couplingFlow(1, { condition: 1 });
    await expect(fit(flow, y, { executor, steps: 2 })).rejects.toThrow("fit: this density is conditional");
    await expect(fit(flow, y, { executor, steps: 2, condition: c.slice(2) })).rejects.toThrow(
      "fit: 20 examples and 18 conditions, expected one of each",
    );
    const classes = couplingFlow(1, { condition: { classes: 3 } });
    const wrong = y.map((_, i) => (i === 3 ? 3 : 0));
    const says = "in the condition, example 3 holds 3 in column 0: values must be integers in 0..2";
    const given = { executor, steps: 2 };
    await expect(fit(classes, y, { ...given, condition: wrong })).rejects.toThrow(
      new DomainError(`fit: ${says}`),
    );
    const held = { condition: y.map(() => 0), validation: y, validationCondition: wrong };
    await expect(fit(classes, y, { ...given, ...held })).rejects.toThrow(
      new DomainError(`validation: ${says}`),
    );
    const source = { count: y.length, batch: (indices: Uint32Array) => Array.from(indices, () => 3) };
    const failed = fit(classes, y, { ...given, condition: source });
    await expect(failed).rejects.toThrow("fit: in the condition, the data source failed at");
  });

  it("that is the same everywhere says nothing, whatever it is later; that is warned of", async () => {
    const warned: string[] = [];
    const fitted = (condition: number[][]) =>
      fit(couplingFlow(1, { condition: 1, hidden: 8 }), y, {
        executor,
        steps: 5,
        condition,
        onWarning: ({ code }) => void warned.push(code),
      });
    const varied = await fitted(y.map((_, i) => [i === y.length - 1 ? 3 : 4]));
    await varied.dispose();
    expect(warned).toEqual([]);
    const flat = await fitted(y.map(() => [4]));
    expect(warned).toEqual(["CONSTANT_CONDITION"]);
    const found = await flat.logProb(y, { condition: [[4]] });
    expect(found.every(Number.isFinite)).toBe(true);
    expect(await flat.logProb(y, { condition: [[7]] })).toEqual(found);
    await flat.dispose();
  });
});

describe("the description of a network", () => {
  const layers = [{ kind: "coupling", stack: 1 }] as const;

  it.each([
    [
      "one class",
      { condition: { classes: 1 } },
      UsageError,
      "expected condition: { shape: [3] } or { classes",
    ],
    ["no shape", { condition: { shape: [] } }, UsageError, "expected condition"],
    [
      "an unknown kind",
      { condition: { shape: [2] }, embedding: { kind: "deep" } },
      UsageError,
      "expected embedding",
    ],
    [
      "rows for numbers",
      { condition: { shape: [2] }, embedding: { kind: "set" } },
      ShapeError,
      'an embedding "set" takes rows [n, d]',
    ],
    [
      "a kind that does not exist",
      { condition: { classes: 2, seenBy: ["couplin"] } },
      UsageError,
      'condition.seenBy: there is no kind "couplin"; did you mean "coupling"?',
    ],
    ["no kind that sees it", { condition: { classes: 2, seenBy: [] } }, UsageError, "expected condition"],
    [
      "a kind that is not there",
      { condition: { classes: 2, seenBy: ["linear"] } },
      UsageError,
      "no layer takes the condition",
    ],
    ["an embedding alone", { embedding: {} }, UsageError, "an embedding needs a condition"],
    ["a base alone", { base: { conditional: true } }, UsageError, "a conditional base needs a condition"],
    [
      "a base of another kind",
      { condition: { shape: [2] }, base: { scale: 2 } },
      UsageError,
      "expected base: { conditional: true, hidden: 64 }",
    ],
    [
      "a base on an interval",
      { condition: { shape: [2] }, base: { conditional: true }, layers: [{ kind: "sigmoid" }] },
      DomainError,
      "base: sigmoid ends in an interval",
    ],
    [
      "a base of nothing",
      {
        condition: { shape: [2] },
        base: { conditional: true },
        layers: [{ kind: "gaussianMixture", kept: 0 }],
      },
      DomainError,
      "base: gaussianMixture leaves no numbers",
    ],
    ...(["marginal", "rqSpline", "affine", "variationalDequantize"].map((kind) => [
      `a conditional ${kind} that sees none`,
      {
        condition: { shape: [2], seenBy: ["coupling"] },
        layers: [{ kind, conditional: true }, ...layers],
      },
      ShapeError,
      `${kind}[0]: ${kind}: conditional needs a condition that it sees`,
    ]) as [string, object, typeof ShapeError, string][]),
  ])("with %s", (_, given, Type, text) => {
    const make = () => flowify({ inShape: [2], layers, ...given } as Network);
    expect(make).toThrow(Type);
    expect(make).toThrow(text);
  });

  it("that some kinds of layers see alone", async () => {
    const flow = flowify({
      inShape: [2],
      layers: [...layers, { kind: "conditionalAffine" }],
      condition: { classes: 3, seenBy: ["conditionalAffine"] },
    });
    expect(flow.chain.layers.map(({ condition }) => condition)).toEqual([undefined, [3]]);
    const own = await FlowModel.create(flow, executor, { seed: 1 });
    const x = [[0.3, -0.2]];
    expect(await own.part(0, 1).encode(x, { condition: [[0]] })).toEqual(
      await own.part(0, 1).encode(x, { condition: [[2]] }),
    );
    expect((await own.logProb(x, { condition: [[2]] })).every(Number.isFinite)).toBe(true);
    await own.dispose();
  });

  it("that no layer uses", () => {
    expect(() =>
      flowify({ inShape: [2], layers: [{ kind: "leakyRelu" }], condition: { shape: [2] } }),
    ).toThrow("flowify: no layer takes the condition");
  });
});
