import { describe, expect, it } from "vitest";
import {
  type BatchSource,
  couplingFlow,
  createTrainer,
  DataError,
  DomainError,
  type FitOptions,
  type FlowModel,
  fit,
  flow,
  flowify,
  jaxExecutor,
  NotFiniteError,
  UsageError,
} from "../src/index.js";
import { linear } from "../src/layers/linear.js";
import { makeRng } from "../src/math/rng.js";
import { treeFlatten } from "../src/params/pytree.js";
import { bufferCounter } from "../src/testing/live-buffers.js";

const liveBuffers = await bufferCounter();

const rng = makeRng(5);
const rows = Array.from({ length: 200 }, () => {
  const x = rng.normal();
  return [x, x * x + 0.2 * rng.normal()];
});
const small = () => flowify({ inShape: [2], layers: [{ kind: "linear", out: 2 }, { kind: "leakyRelu" }] });
const options = { steps: 12, batchSize: 32, learningRate: 1e-2, seed: 7 } satisfies FitOptions;
const numbers = ({ params }: FlowModel): number[] =>
  treeFlatten(params).leaves.flatMap(({ data }) => [...(data as Float32Array)]);

describe("fit", () => {
  it("gives the same bits for the same seed and data, in each form of the data and however it is watched", async () => {
    const source: BatchSource = {
      count: rows.length,
      batch: async (indices) => Array.from(indices, (i) => rows[i] as number[]),
    };
    const steps: number[] = [];
    const models = [
      await fit(small(), rows, options),
      await fit(small(), Float64Array.from(rows.flat()), options),
      await fit(small(), source, { ...options, onStep: ({ step }) => void steps.push(step), check: true }),
      await fit(
        small(),
        rows.map((row) => Float64Array.from(row)),
        options,
      ),
    ];
    const [first, ...others] = models.map(numbers);
    for (const other of others) expect(other).toEqual(first);
    expect(steps).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    const another = await fit(small(), rows, { ...options, seed: 8 });
    expect(numbers(another)).not.toEqual(first);
    for (const model of [...models, another]) await model.dispose();
  });

  it("counts steps by epochs, and takes all examples as a batch where there are few", async () => {
    let taken = 0;
    const model = await fit(small(), rows.slice(0, 10), {
      epochs: 3,
      onStep: ({ step }) => {
        taken = step;
      },
    });
    expect(taken).toBe(3);
    await model.dispose();
  });

  it("gives the best of what was measured on held-out examples, and ends where patience does", async () => {
    const measured: { step: number; logProb: number; best: boolean }[] = [];
    let taken = 0;
    const model = await fit(small(), rows, {
      ...options,
      steps: 100,
      learningRate: 3, // far too long steps: nothing after the start is better for long
      validation: 0.2,
      validateEvery: 2,
      patience: 3,
      onValidation: (each) => void measured.push(each),
      onStep: ({ step }) => {
        taken = step;
      },
    });
    expect(measured[0]).toMatchObject({ step: 0, best: true });
    expect(measured.slice(-3).map(({ best }) => best)).toEqual([false, false, false]);
    expect(measured.at(-4)?.best).toBe(true);
    expect(taken).toBe(measured.at(-1)?.step);
    expect(taken).toBeLessThan(100);
    const best = Math.max(...measured.map(({ logProb }) => logProb));
    expect(measured.findLast((each) => each.best)?.logProb).toBe(best);
    await model.dispose();
  });

  it("the model is the one that was measured best", async () => {
    let best = Number.NEGATIVE_INFINITY;
    const held = rows.slice(150);
    const model = await fit(small(), rows.slice(0, 150), {
      ...options,
      validation: held,
      validateEvery: 3,
      onValidation: ({ logProb }) => {
        best = Math.max(best, logProb);
      },
    });
    const logProb = await model.logProb(held);
    expect(logProb.reduce((a, b) => a + b, 0) / held.length).toBeCloseTo(best, 4);
    await model.dispose();
  });

  it("ends at an abort with the model so far, which is that of as many steps", async () => {
    const upTo = async (steps: number): Promise<number[]> => {
      const abort = new AbortController();
      const model = await fit(small(), rows, {
        ...options,
        signal: abort.signal,
        onStep: ({ step }) => {
          if (step === steps) abort.abort();
        },
      });
      await model.dispose();
      return numbers(model);
    };
    const five = await upTo(5);
    expect(await upTo(5)).toEqual(five);
    expect(await upTo(6)).not.toEqual(five);
  });

  it("goes back after a step that is not finite, and gives up after three returns", async () => {
    const steps: number[] = [];
    const model = await fit(small(), rows, {
      ...options,
      warmup: 1,
      learningRate: 1e38,
      onStep: ({ step }) => void steps.push(step),
    }).catch((error: unknown) => error);
    expect(model).toBeInstanceOf(NotFiniteError);
    expect((model as Error).message).toContain("3 returns to earlier states with shorter steps did not help");
    expect(steps.filter((step) => step === 1).length).toBeGreaterThan(1);
  });

  it("keeps nothing in memory but the model", async () => {
    const once = async (more: Partial<FitOptions> = {}): Promise<void> =>
      (await fit(small(), rows, { ...options, ...more })).dispose();
    await once({ validation: 0.1 });
    const before = liveBuffers();
    await once({ validation: 0.1 });
    await once();
    await expect(
      once({
        onStep: () => {
          throw new Error("mine");
        },
      }),
    ).rejects.toThrow("mine");
    expect(liveBuffers()).toBe(before);
  });

  it("lets timers in while it trains", async () => {
    const executor = jaxExecutor();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const model = await fit(couplingFlow(2), rows, { ...options, executor, steps: 20 });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(0);
    await model.dispose();
  });
});

describe("fit refuses", () => {
  const refused: { [what: string]: [data: unknown, options: FitOptions, kind: unknown, message: string] } = {
    "rows of unequal length": [
      [[1, 2], [3, 4, 5], [6]],
      options,
      DataError,
      "example 1 has 3 numbers, expected 2: every example is [2]",
    ],
    "a row that is none": [[[1, 2], null], options, DataError, "example 1 holds null, expected numbers"],
    NaN: [
      [
        [1, 2],
        [3, Number.NaN],
      ],
      options,
      DomainError,
      "example 1 holds NaN in column 1: values must be finite",
    ],
    Infinity: [[[Number.POSITIVE_INFINITY, 2]], options, DomainError, "example 0 holds Infinity in column 0"],
    "lists in place of numbers": [
      [[[1, 2]], [[[1], [2]]]],
      options,
      DataError,
      "example 0 holds a list, expected numbers",
    ],
    "an executor that is not awaited": [
      rows,
      { ...options, executor: Promise.resolve(jaxExecutor()) as never },
      UsageError,
      "fit: executor: expected an object; await a promise of one",
    ],
    "zero rows": [[], options, DataError, "expected at least one example, got none"],
    "fewer rows than a batch": [
      rows.slice(0, 10),
      options,
      UsageError,
      "a batch of 32 is larger than the data (10 examples)",
    ],
    "both steps and epochs": [
      rows,
      { steps: 1, epochs: 1 },
      UsageError,
      "got steps 1 and epochs 1, expected one of them",
    ],
    "no epochs": [rows, { epochs: 0 }, UsageError, "fit: epochs: expected a number above 0, found 0"],
    "patience without held-out examples": [
      rows,
      { ...options, patience: 2 },
      UsageError,
      "patience needs held-out examples",
    ],
    "no patience": [
      rows,
      { ...options, validation: 0.1, patience: 0 },
      UsageError,
      "fit: patience: expected an integer of at least 1, found 0",
    ],
    "held-out examples of other columns": [
      rows,
      { ...options, validation: [[1, 2, 3]] },
      DataError,
      "example 0 has 3 numbers, expected 2",
    ],
    "a signal that is aborted already": [
      rows,
      { ...options, signal: AbortSignal.abort() },
      UsageError,
      "the signal was aborted before the first step: there is no model",
    ],
    "an empty source": [{ count: 0, batch: () => [] }, options, DataError, "the data source has 0 examples"],
    "a source that gives too few": [
      { count: 100, batch: () => [[1, 2]] },
      { ...options, init: "random" },
      DataError,
      "it gave 1 examples of [2]",
    ],
    ...Object.fromEntries(
      [0, 1, 1.5, -0.1, Number.NaN].map((share) => [
        `a share of ${share}`,
        [rows, { ...options, validation: share }, UsageError, `must be between 0 and 1, got ${share}`],
      ]),
    ),
    "a share that leaves nothing": [rows, { ...options, validation: 0.001 }, UsageError, "holds 0 out"],
  };
  it.each(Object.entries(refused))("%s", async (_, [data, given, kind, message]) => {
    const failed = await fit(small(), data as never, given).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(kind);
    expect((failed as Error).message).toContain(message);
  });

  it("a source that throws half way, with its cause", async () => {
    const cause = new Error("the disk is gone");
    let calls = 0;
    const before = liveBuffers();
    const source: BatchSource = {
      count: rows.length,
      batch(indices) {
        calls++;
        if (calls > 4) throw cause;
        return Array.from(indices, (i) => rows[i] as number[]);
      },
    };
    const failed = await fit(small(), source, options).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(DataError);
    expect((failed as Error).message).toMatch(
      /^the data source failed at 32 examples, .*: the disk is gone$/,
    );
    expect((failed as Error).cause).toBe(cause);
    expect(liveBuffers()).toBe(before);
  });

  it("a model that was disposed of; to dispose twice is nothing", async () => {
    const model = await fit(flow([linear(2, 2)]), rows, options);
    const last = model.logProb(rows);
    await Promise.all([model.dispose(), model.dispose()]);
    expect(await last.catch((error: unknown) => error)).toBeInstanceOf(UsageError);
    await expect(model.logProb([[1, 2]])).rejects.toThrow("the model was disposed of");
    const trainer = await createTrainer({
      ...options,
      flow: flow([linear(2, 2)]),
      executor: jaxExecutor(),
      data: rows,
    });
    const step = trainer.step();
    await trainer.dispose();
    expect((await step).step).toBe(0);
    await expect(trainer.step()).rejects.toThrow("the trainer was disposed of");
  });
});
