import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import type { Executor } from "../../src/executor/executor.js";
import { createTrainer, flowify, jaxExecutor, type TrainOptions } from "../../src/index.js";
import { makeRng } from "../../src/math/rng.js";
import { sizeOf } from "../../src/shape.js";
import { partsToTry, partsWithin, usualParts } from "../../src/train/batch-parts.js";

const rng = makeRng(5);
const data = { examples: Uint8Array.from({ length: 64 * 16 }, () => 256 * rng.uniform()), count: 64 };
const flow = flowify({
  inShape: [1, 4, 4],
  layers: [{ kind: "dequantize" }, { kind: "flatten" }, { kind: "linear", out: 4 }, { kind: "leakyRelu" }],
});

/** jax-js as if it had four workers, on which a gradient of so many parts takes that many milliseconds longer. */
const slowed = (milliseconds: (parts: number) => number): Executor => {
  const executor = jaxExecutor();
  return {
    ...executor,
    workers: 2,
    mostWorkers: 4,
    async compile(f, specs, options = {}) {
      const program = await executor.compile(f, specs, options);
      if (options.name !== "gradient") return program;
      const pause = milliseconds(options.workers ?? 1);
      return {
        ...program,
        async run(args, into) {
          await new Promise((resolve) => setTimeout(resolve, pause));
          return program.run(args, into);
        },
      };
    },
  };
};

const options = { flow, data, batchSize: 32, steps: 20, seed: 3, init: "random" } as const;
const trained = async (executor: Executor, other: Partial<TrainOptions>) => {
  const trainer = await createTrainer({ ...options, executor, ...other });
  const losses: number[] = [];
  for (let k = 0; k < 3; k++) losses.push((await trainer.step()).loss);
  const { arrays } = await trainer.state();
  const { parts } = trainer;
  await trainer.dispose();
  return { parts, losses, arrays };
};

describe("parts of a batch", () => {
  it.each([
    ["whole", (parts: number) => 150 * (parts - 1), 1],
    ["in halves", (parts: number) => (parts === 2 ? 0 : 200), 2],
    ["in quarters", (parts: number) => 150 * (4 - parts), 4],
  ])("computes it %s where that is fastest", async (_, milliseconds, wanted) => {
    const { parts } = await trained(slowed(milliseconds), { parts: "fastest" });
    expect(parts).toBe(wanted);
  });

  it("has the bits of the same number of parts that was named, whatever was timed before", async () => {
    const timed = await trained(
      slowed((parts) => (parts === 2 ? 0 : 200)),
      { parts: "fastest" },
    );
    const named = await trained(
      slowed(() => 0),
      { parts: 2 },
    );
    expect([timed.parts, named.parts]).toEqual([2, 2]);
    expect(isDeepStrictEqual(timed.losses, named.losses)).toBe(true);
    expect(isDeepStrictEqual(timed.arrays, named.arrays)).toBe(true);
  });

  it("adds up to the gradient of the whole batch", async () => {
    const [whole, parts] = await Promise.all([
      trained(jaxExecutor(), {}),
      trained(
        slowed(() => 0),
        { parts: 4 },
      ),
    ]);
    for (const [k, loss] of whole.losses.entries()) expect(parts.losses[k]).toBeCloseTo(loss, 4);
  });

  it("has at least 8 examples, and equally many", () => {
    const executor = { ...jaxExecutor(), workers: 2, mostWorkers: 16 };
    expect(partsToTry(executor, 64)).toEqual([1, 2, 4, 8]);
    expect(partsToTry(executor, 48)).toEqual([1, 2, 4]);
    expect(partsToTry(executor, 15)).toEqual([1]);
    expect(partsWithin(executor, 30, 4)).toBe(3);
    expect(partsWithin(executor, 16, 4)).toBe(2);
    expect(partsWithin(jaxExecutor(), 64, 4)).toBe(1);
  });

  it("is, where none is timed, one part a worker of 16 examples and more that make much beside the parameters", () => {
    const executor = { ...jaxExecutor(), workers: 2 };
    const made = flow.chain.layers.reduce((sum, { outShape }) => sum + sizeOf(outShape), 0);
    expect(usualParts(flow, executor, 32, 8 * 32 * made)).toBe(2);
    expect(usualParts(flow, executor, 32, 8 * 32 * made + 1)).toBe(1);
    expect(usualParts(flow, executor, 30, 1)).toBe(1);
    expect(usualParts(flow, executor, 33, 1)).toBe(1);
    expect(usualParts(flow, jaxExecutor(), 32, 1)).toBe(1);
  });

  it.each([0, -1, 1.5])("refuses %d parts", async (parts) => {
    await expect(createTrainer({ ...options, executor: jaxExecutor(), parts })).rejects.toThrow(
      `createTrainer: parts: expected a whole number of at least 1, or "fastest", found ${parts}`,
    );
  });
});

describe("a rate of 0 for orthogonal parameters", () => {
  it("leaves them at their start, and computes nothing for them", async () => {
    const names: string[] = [];
    const executor = jaxExecutor();
    const trainer = await createTrainer({
      ...options,
      executor: {
        ...executor,
        compile: (f, specs, named) => {
          names.push(named?.name ?? "");
          return executor.compile(f, specs, named);
        },
      },
      orthogonalRate: 0,
    });
    const before = await trainer.state();
    await trainer.step();
    const after = await trainer.state();
    await trainer.dispose();
    expect(names).not.toContain("retraction");
    const rotations = Object.keys(after.arrays).filter((name) => name.includes("rotate"));
    expect(rotations.length).toBeGreaterThan(0);
    for (const name of rotations) expect(after.arrays[name]?.data).toEqual(before.arrays[name]?.data);
    expect(isDeepStrictEqual(after.arrays, before.arrays)).toBe(false);
  });
});
