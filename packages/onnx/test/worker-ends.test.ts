/** Threads that compute beside this one come to an end: it is told, and nothing is lost. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { createTrainer, DeviceError, FlowModel } from "@flowify/core";
import { ArraySpec, type Compiled } from "@flowify/core/internal";
import { numpy as np } from "@jax-js/jax";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { nativeExecutor } from "../src/index.js";
import { nativeEngine } from "../src/runtime.js";
import { TensorStore } from "../src/tensors.js";
import { WorkerHandle } from "../src/workers/worker-handle.js";
import { examples, flow, normals } from "./small-flow.js";

const executor = await nativeExecutor({ threads: 2 });
afterAll(() => executor.dispose());

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
      program = await own.compile(square, specs, { workers: 2 });
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
      const program = await own.compile(double, specs, { workers: 2 });
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
    const program = await own.compile(square, specs, { workers: 2 });
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
    const program = await own.compile(square, large, { workers: 2 });
    const result = program.run([b], { worker: 1 });
    await new Promise((resolve) => setTimeout(resolve, 4));
    await thread.terminate();
    expect(await own.fetch(await result)).toEqual(await own.fetch(await program.run([b])));
    await own.dispose();
  });
});

describe("a thread", () => {
  const broken = Uint8Array.of(1, 2, 3);
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
      const program = await executor.compile(f, [new ArraySpec([900, 900], np.float32)], { workers: 2 });
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

  it("ends where a program was refused, whose thread was never started", () => {
    const end = processOf(`
      const small = await nativeExecutor({ threads: 2, memory: 1000 });
      await small.compile(f, [new ArraySpec([900, 900], np.float32)], { workers: 2 }).catch(({ name }) => console.log(name));`);
    expect(end).toEqual({ status: 0, signal: null, stdout: "compiled\nMemoryError\n", stderr: "" });
  });
});
