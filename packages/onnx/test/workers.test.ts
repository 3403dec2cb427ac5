/** Threads that compute beside this one: the same numbers, at the same time, and an end that is told. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import {
  createTrainer,
  DeviceError,
  type Executor,
  FlowModel,
  flowify,
  HostArray,
  type Network,
} from "@flowify/core";
import { ArraySpec, type Compiled } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { type JsTree, numpy as np } from "@jax-js/jax";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { nativeExecutor } from "../src/index.js";
import { nativeEngine } from "../src/runtime.js";
import type { ProgramParts } from "../src/split-at-splines/program-parts.js";
import { TensorStore } from "../src/tensors.js";
import { WorkerHandle } from "../src/workers/worker-handle.js";

const executor = await nativeExecutor({ threads: 2 });
const one: Executor = { ...executor, workers: 1 };
afterAll(() => executor.dispose());

const normals = (shape: readonly number[], seed: number): HostArray => {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  makeRng(seed).fillNormal(data);
  return new HostArray(data, shape, np.float32);
};
const fetched = async (placed: JsTree<object>): Promise<HostArray[]> =>
  (await executor.fetch(placed)) as unknown as HostArray[];

const network: Network = {
  inShape: [1, 8, 8],
  layers: [
    { kind: "dequantize" },
    { kind: "conv2d", out: 6, kernel: 3, stride: 2 },
    { kind: "rqSpline" },
    { kind: "flatten" },
  ],
};
const flow = flowify(network);
const rng = makeRng(3);
const examples = Uint8Array.from({ length: 400 * 64 }, () => 256 * rng.uniform());

describe("a program on two workers", () => {
  const f = (a: np.Array, b: np.Array): np.Array[] => [
    np.matmul(a.ref, b.ref),
    np.greater(a.ref, 0),
    np.argmax(a, 1).astype(np.int32),
    np.sum(b),
  ];
  const specs = [new ArraySpec([3, 4], np.float32), new ArraySpec([4, 2], np.float32)];

  it("gives the same numbers of every type on each, at once, and writes into results that are given back", async () => {
    const program = await executor.compile(f, specs, { workers: true });
    const args = [normals([3, 4], 1), normals([4, 2], 2)];
    const others = [normals([3, 4], 3), normals([4, 2], 4)];
    const [here, beside] = await Promise.all([0, 1].map((worker) => program.run(args, { worker })));
    const expected = await fetched(here as JsTree<object>);
    expect(expected.map(({ dtype }) => dtype)).toEqual(["float32", "bool", "int32", "float32"]);
    expect(await fetched(beside as JsTree<object>)).toEqual(expected);
    const next = await program.run(others, { worker: 1, into: beside as JsTree<object> });
    expect(next).toEqual(beside); // the same tensors
    expect((next as object[])[0]).toBe((beside as object[])[0]);
    expect(await fetched(next)).toEqual(await fetched(await program.run(others)));
    await program.dispose();
  });

  it("keeps calls on one worker apart that are made at once", async () => {
    const double = (a: np.Array): np.Array => a.add(a.ref);
    const program = await executor.compile(double, [new ArraySpec([3], np.float32)], { workers: true });
    const of = (n: number): HostArray => new HostArray(Float32Array.of(n, 2 * n, 3 * n), [3], np.float32);
    const all = await Promise.all([1, 2, 3, 4].map((n) => program.run([of(n)], { worker: 1 })));
    for (const [i, result] of all.entries()) expect(await executor.fetch(result)).toEqual(of(2 * (i + 1)));
    await program.dispose();
  });

  it("takes results of one worker as arguments of the other", async () => {
    const square = (a: np.Array): np.Array => np.matmul(a.ref, a);
    const program = await executor.compile(square, [new ArraySpec([5, 5], np.float32)], { workers: true });
    const a = normals([5, 5], 5);
    const there = await program.run([await program.run([a], { worker: 1 })]);
    const back = await program.run([await program.run([a])], { worker: 1 });
    expect(await executor.fetch(there)).toEqual(await executor.fetch(back));
    await program.dispose();
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
    expect(await model.sample(130, { seed: 2 })).toEqual(await plain.sample(130, { seed: 2 }));
    await model.dispose();
    await plain.dispose();
  });
});

/** The threads that are started while `work` goes on. */
async function threadsOf(work: () => Promise<unknown>): Promise<Worker[]> {
  const started: Worker[] = [];
  const note = (worker: Worker): void => void started.push(worker);
  process.on("worker", note);
  try {
    await work();
    return started;
  } finally {
    process.off("worker", note);
  }
}

describe("a thread that ends by itself", () => {
  const square = (a: np.Array): np.Array => np.matmul(a.ref, a);
  const specs = [new ArraySpec([40, 40], np.float32)];
  const a = normals([40, 40], 6);
  const warnings = vi.spyOn(process, "emitWarning");
  beforeEach(() => void warnings.mockReset().mockReturnValue(undefined));
  afterAll(() => warnings.mockRestore());

  /** An executor of its own, a program on its workers, its thread, and how that dies. */
  const opened = async () => {
    const own = await nativeExecutor({ threads: 2 });
    let program: Compiled | undefined;
    const [thread] = await threadsOf(async () => {
      program = await own.compile(square, specs, { workers: true });
    });
    const run = async (worker: number): Promise<unknown> =>
      own.fetch(await (program as Compiled).run([a], { worker }));
    const ended = new Promise((resolve) => thread?.once("exit", resolve));
    const die = async (): Promise<void> => {
      thread?.postMessage(null); // no request: an error in the thread that nothing catches
      await ended;
    };
    return { own, run, die, thread: thread as Worker };
  };

  it("between two runs: its programs go on in the main thread, Node warns of it, another one starts with the next program", async () => {
    const { own, run, die } = await opened();
    const expected = await run(1);
    await die();
    expect(await run(1)).toEqual(expected);
    expect(warnings.mock.calls).toEqual([
      [
        expect.stringMatching(
          /^a thread of the native executor ended \(.+\); its programs continue in the main thread, which is slower$/,
        ),
        { code: "FLOWIFY_THREAD_ENDED" },
      ],
    ]);
    const double = (x: np.Array): np.Array => np.matmul(x.ref, x.add(1));
    const [next] = await threadsOf(async () => {
      const program = await own.compile(double, specs, { workers: true });
      const both = await Promise.all([0, 1].map((worker) => program.run([a], { worker })));
      const [first, second] = await Promise.all(both.map((result) => own.fetch(result)));
      expect(second).toEqual(first);
    });
    expect(next?.threadId).toBeGreaterThan(0);
    await own.dispose();
    expect(warnings).toHaveBeenCalledTimes(1);
  });

  it("during a run: the run is done again in the main thread, with the same numbers", async () => {
    const { own, run, die } = await opened();
    const expected = await run(0);
    const runs = [1, 0, 1, 1].map(run);
    await die();
    for (const result of await Promise.all(runs)) expect(result).toEqual(expected);
    expect(warnings).toHaveBeenCalledTimes(1);
    await own.dispose();
  });

  it("while a program is compiled for it: the program runs in the main thread", async () => {
    const { own, run, thread } = await opened();
    const expected = await run(0);
    thread.postMessage(null);
    const program = await own.compile(square, specs, { workers: true });
    expect(await own.fetch(await program.run([a], { worker: 1 }))).toEqual(expected);
    expect(warnings).toHaveBeenCalledTimes(1);
    await own.dispose();
  });

  it.each(["a step", "a score"])(
    "during %s: it ends with the same numbers, and so does the next one",
    async (what) => {
      const own = await nativeExecutor({ threads: 2 });
      const model = what === "a score" ? await FlowModel.create(flow, own, { seed: 1 }) : undefined;
      const trained = async () => {
        const data = { examples, count: 400 };
        return createTrainer({ flow, data, steps: 4, batchSize: 64, seed: 4, executor: own, init: "random" });
      };
      let trainer: Awaited<ReturnType<typeof trained>> | undefined;
      const [thread] = (await threadsOf(async () => {
        if (model) await model.logProb(examples);
        else trainer = await trained();
      })) as [Worker];
      const once = async () => (model ? model.logProb(examples) : (await trainer?.step())?.loss);
      const ended = new Promise((resolve) => thread.once("exit", resolve));
      const interrupted = once();
      thread.postMessage(null); // an error in the thread that nothing catches
      const found = [await interrupted];
      await ended;
      found.push(await once());
      await trainer?.dispose();
      await model?.dispose();
      await own.dispose();
      expect(warnings).toHaveBeenCalledTimes(1);
      expect(found).toEqual(await undisturbed(what));
    },
  );

  /** Two scores, or two steps, without a disturbance. */
  const undisturbed = async (what: string): Promise<unknown[]> => {
    if (what === "a score") {
      const model = await FlowModel.create(flow, executor, { seed: 1 });
      const score = await model.logProb(examples);
      await model.dispose();
      return [score, score];
    }
    const data = { examples, count: 400 };
    const trainer = await createTrainer({
      flow,
      data,
      steps: 4,
      batchSize: 64,
      seed: 4,
      executor,
      init: "random",
    });
    const losses = [(await trainer.step()).loss, (await trainer.step()).loss];
    await trainer.dispose();
    return losses;
  };

  it("by its handle while ONNX Runtime computes: the call is waited for, the process lives", async () => {
    const large = [new ArraySpec([700, 700], np.float32)];
    const b = normals([700, 700], 7);
    const { own, thread } = await opened();
    const program = await own.compile(square, large, { workers: true });
    const result = program.run([b], { worker: 1 });
    await new Promise((resolve) => setTimeout(resolve, 4));
    await thread.terminate();
    expect(await own.fetch(await result)).toEqual(await own.fetch(await program.run([b])));
    await own.dispose();
  });
});

describe("a thread", () => {
  /** A program of one stage. */
  const partsOf = (file: Uint8Array): ProgramParts => ({
    stages: [{ file, inputs: [], outputs: [], calls: [] }],
    between: [],
    tables: [],
    bytes: 0,
    module: undefined,
  });
  const broken = partsOf(Uint8Array.of(1, 2, 3));
  const worker = async (): Promise<WorkerHandle> => new WorkerHandle(new TensorStore(await nativeEngine()));
  const here = (): Promise<never> => Promise.reject(new Error("not here"));

  it("says what ONNX Runtime said of a file", async () => {
    const thread = await worker();
    await expect(thread.open(broken, {}, [], [], here)).rejects.toThrow(/protobuf|model/i);
    await thread.stop();
  });

  it("that is stopped while it computes, or is asked afterwards, is a DeviceError", async () => {
    const thread = await worker();
    const asked = thread.open(broken, {}, [], [], here);
    await Promise.all([expect(asked).rejects.toThrow(DeviceError), thread.stop()]);
    await expect(thread.open(broken, {}, [], [], here)).rejects.toThrow(DeviceError);
  });
});

describe("a process with such threads", () => {
  const home = mkdtempSync(join(tmpdir(), "flowify-test-home-"));
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  /** Runs a script with an executor, a program on two workers and an argument for it, in empty folders of the user. */
  const processOf = (script: string) => {
    const source = `
      import { HostArray } from "@flowify/core";
import { ArraySpec } from "@flowify/core/internal";
      import { numpy as np } from "@jax-js/jax";
      import { nativeExecutor } from "@flowify/onnx";
      const executor = await nativeExecutor({ threads: 2 });
      const f = (a) => np.matmul(a.ref, a);
      const program = await executor.compile(f, [new ArraySpec([900, 900], np.float32)], { workers: true });
      const a = new HostArray(new Float32Array(810_000).fill(0.5), [900, 900], np.float32);
      console.log("compiled");
      ${script}`;
    const flags = ["--conditions=@flowify/source", "--import", "tsx", "--input-type=module", "-e", source];
    const { ORT_DISABLE_TELEMETRY: _, XDG_CACHE_HOME: __, ...inherited } = process.env;
    const env = { ...inherited, HOME: home, USERPROFILE: home, TMPDIR: home, TMP: home, TEMP: home };
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, flags, {
      encoding: "utf8",
      env,
      timeout: 60_000,
    });
    return { status, signal, stdout, stderr };
  };

  it("is not kept by them, and leaves nothing of ONNX Runtime's telemetry in the folders of the user", () => {
    expect(processOf("")).toEqual({ status: 0, signal: null, stdout: "compiled\n", stderr: "" });
    // the cache of the TypeScript loader is no part of what an installed package runs
    expect(readdirSync(home).filter((name) => !name.startsWith("tsx-"))).toEqual([]);
  });

  it("ends with its own status while they compute", () => {
    const end = processOf(`
      const endless = async () => { for (;;) await program.run([a], { worker: 1 }); };
      void endless();
      setTimeout(() => process.exit(7), 60);`);
    expect(end).toEqual({ status: 7, signal: null, stdout: "compiled\n", stderr: "" });
  });
});
