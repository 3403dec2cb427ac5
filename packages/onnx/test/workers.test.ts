/** Threads that compute beside this one: the same numbers, at the same time. */
import { createTrainer, type Executor, FlowModel, HostArray } from "@flowify/core";
import { ArraySpec } from "@flowify/core/internal";
import { type JsTree, numpy as np } from "@jax-js/jax";
import { afterAll, describe, expect, it } from "vitest";
import { nativeExecutor } from "../src/index.js";
import { examples, flow, normals } from "./small-flow.js";

const executor = await nativeExecutor({ threads: 2 });
const one: Executor = { ...executor, workers: 1 };
afterAll(() => executor.dispose());

const fetched = async (placed: JsTree<object>): Promise<HostArray[]> =>
  (await executor.fetch(placed)) as unknown as HostArray[];

describe("a program on two workers", () => {
  const f = (a: np.Array, b: np.Array): np.Array[] => [
    np.matmul(a.ref, b.ref),
    np.greater(a.ref, 0),
    np.argmax(a, 1).astype(np.int32),
    np.sum(b),
  ];
  const specs = [new ArraySpec([3, 4], np.float32), new ArraySpec([4, 2], np.float32)];

  it("gives the same numbers of every type on each, at once, and writes into results that are given back", async () => {
    const program = await executor.compile(f, specs, { workers: 2 });
    const args = [normals([3, 4], 1), normals([4, 2], 2)];
    const others = [normals([3, 4], 3), normals([4, 2], 4)];
    const [here, beside] = await Promise.all([0, 1].map((worker) => program.run(args, { worker })));
    const expected = await fetched(here as JsTree<object>);
    expect(expected.map(({ dtype }) => dtype)).toEqual(["float32", "bool", "int32", "float32"]);
    expect(await fetched(beside as JsTree<object>)).toEqual(expected);
    const next = await program.run(others, { worker: 1, into: beside as JsTree<object> });
    expect(next).toEqual(beside); // the same tensors
    expect(next[0]).toBe((beside as object[])[0]);
    expect(await fetched(next)).toEqual(await fetched(await program.run(others)));
    await program.dispose();
  });

  it("keeps calls on one worker apart that are made at once", async () => {
    const double = (a: np.Array): np.Array => a.add(a.ref);
    const program = await executor.compile(double, [new ArraySpec([3], np.float32)], { workers: 2 });
    const of = (n: number): HostArray => new HostArray(Float32Array.of(n, 2 * n, 3 * n), [3], np.float32);
    const all = await Promise.all([1, 2, 3, 4].map((n) => program.run([of(n)], { worker: 1 })));
    for (const [i, result] of all.entries()) expect(await executor.fetch(result)).toEqual(of(2 * (i + 1)));
    await program.dispose();
  });

  it("takes results of one worker as arguments of the other", async () => {
    const square = (a: np.Array): np.Array => np.matmul(a.ref, a);
    const program = await executor.compile(square, [new ArraySpec([5, 5], np.float32)], { workers: 2 });
    const a = normals([5, 5], 5);
    const there = await program.run([await program.run([a], { worker: 1 })]);
    const back = await program.run([await program.run([a])], { worker: 1 });
    expect(await executor.fetch(there)).toEqual(await executor.fetch(back));
    await program.dispose();
  });
});

describe("executors in separate threads", () => {
  const f = (a: np.Array, b: np.Array): np.Array[] => [np.matmul(a.ref, b), np.sum(a)];
  const specs = [new ArraySpec([30, 40], np.float32), new ArraySpec([40, 20], np.float32)];
  const args = [normals([30, 40], 7), normals([40, 20], 8)];

  it("are one a core at most, and none where that is a single one", async () => {
    const separate = executor.separate?.(5) ?? [];
    expect(separate).toHaveLength(2);
    expect(separate.map((each) => each.separate?.(2))).toEqual([[], []]);
    expect(executor.separate?.(1)).toEqual([]);
    for (const each of separate) await each.dispose();
  });

  it("compute the same numbers beside this thread, into results that are given back", async () => {
    const separate = executor.separate?.(2) ?? [];
    const here = await executor.compile(f, specs);
    const expected = await fetched(await here.run(args));
    const programs = await Promise.all(separate.map((each) => each.compile(f, specs)));
    const results = await Promise.all(programs.map((program) => program.run(args)));
    for (const [i, result] of results.entries()) {
      expect(await fetched(result)).toEqual(expected);
      const again = await programs[i]?.run(args, { into: result });
      expect((again as object[])[0]).toBe(result[0]);
    }
    for (const each of separate) await each.dispose();
    await here.dispose();
  });
});

describe("a flow on two workers", () => {
  it("has the loss and the moments of one worker", async () => {
    const options = { flow, data: { examples, count: 400 }, steps: 3, batchSize: 64, seed: 4 };
    const [two, single] = await Promise.all(
      [executor, one].map(async (on) => {
        const calls: number[] = [];
        const watched: Executor = {
          ...on,
          async compile(g, specs, how) {
            const program = await on.compile(g, specs, how);
            const run: typeof program.run = (args, where) => {
              if (how?.name === "gradient") calls.push(where?.worker ?? 0);
              return program.run(args, where);
            };
            return { ...program, run };
          },
        };
        const trainer = await createTrainer({ ...options, executor: watched, init: "random" });
        const report = await trainer.step();
        const { arrays } = await trainer.state();
        await trainer.dispose();
        return { report, arrays, calls };
      }),
    );
    expect(two?.calls).toEqual([0, 1]);
    expect(single?.calls).toEqual([0]);
    expect((two?.report.loss as number) / (single?.report.loss as number)).toBeCloseTo(1, 6);
    expect((two?.report.gradNorm as number) / (single?.report.gradNorm as number)).toBeCloseTo(1, 5);
    const first = Object.keys(single?.arrays ?? {}).filter((name) => name.startsWith("first."));
    expect(first.length).toBeGreaterThan(5);
    const norm = single?.report.gradNorm as number; // some gradients are zero but for rounding
    for (const name of first) {
      const [a, b] = [two, single].map((run) => run?.arrays[name]?.data as Float32Array);
      const largest = (b as Float32Array).reduce((m, x) => Math.max(m, Math.abs(x)), 0);
      a?.forEach((x, i) => {
        expect(Math.abs(x - (b?.[i] as number))).toBeLessThan(2e-5 * largest + 1e-7 * norm);
      });
    }
  });

  it("scores as one worker does, padded batches too", async () => {
    const model = await FlowModel.create(flow, executor, { seed: 1 });
    const plain = await FlowModel.create(flow, one, { seed: 1 });
    for (const count of [1, 64, 300, 400]) {
      const some = examples.subarray(0, count * 64);
      const [a, b] = [await model.logProb(some), await plain.logProb(some)];
      expect(a.length).toBe(count);
      a.forEach((x, i) => {
        expect(Math.abs(x / (b[i] as number) - 1)).toBeLessThan(1e-5);
      });
    }
    // asked at once, as a server may
    const thirds = [0, 128, 256].map((at) => examples.subarray(at * 64, (at + 128) * 64));
    const together = await Promise.all(thirds.map((some) => model.logProb(some)));
    for (const [i, some] of thirds.entries()) expect(together[i]).toEqual(await model.logProb(some));
    expect(await model.sampleFlat(130, { seed: 2 })).toEqual(await plain.sampleFlat(130, { seed: 2 }));
    await model.dispose();
    await plain.dispose();
  });
});
