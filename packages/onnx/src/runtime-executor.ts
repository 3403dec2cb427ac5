import { type Executor, HostArray, UsageError } from "@flowify/core";
import { type Compiled, type HostData, type PlacedArray, treeLeaves, treeMap } from "@flowify/core/internal";
import type { DType } from "@jax-js/jax";
import type { Target } from "jax-to-onnx";
import { trace } from "jax-to-onnx/internal";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { fusedProgram } from "./fused/fused-program.js";
import { expectRoomFor, type OnnxProgramOptions, onnxProgram } from "./onnx-program.js";
import { availableMemory } from "./resources.js";
import type { Engine } from "./runtime.js";
import { TensorStore } from "./tensors.js";
import { WorkerHandle } from "./workers/worker-handle.js";

const MOST_THREADS = 256;

export type RuntimeExecutorOptions = Readonly<{
  name: string;
  /** What graphs are made for. */
  target: Target;
  /** Most workers of a program: 1 if the build runs in one thread only. */
  mostWorkers: number;
  /** The session options of the program with this name, on this number of threads. */
  session(program: string, threads: number): InferenceSession.SessionOptions;
  /** Memory limit of a program in bytes, evaluated when it is compiled. */
  memory(): number;
  /** Whether programs run in a separate thread, and not in this one. */
  apart?: boolean;
}>;

/**
 * Runs pure jax functions in a build of ONNX Runtime. A function is traced for its shapes, lowered to an ONNX graph and
 * compiled to a session, or, if it is elementwise on large float32 arrays, compiled to WebAssembly kernels. Placed
 * arrays are tensors in the memory of the host.
 */
export function runtimeExecutor(engine: Engine, options: RuntimeExecutorOptions): Executor {
  const { name: executorName, target, mostWorkers, session, memory, apart = false } = options;
  const store = new TensorStore(engine);
  const open = new Set<Compiled>();
  let threads: WorkerHandle[] = []; // started when a program is compiled for workers
  /** The workers beside the first, which is this thread. */
  const workersBeside = (beside: number): OnnxProgramOptions["workers"] => ({
    beside,
    start() {
      threads = threads.filter((worker) => !worker.ended);
      while (threads.length < beside) threads.push(new WorkerHandle(store));
      return threads.slice(0, beside);
    },
  });
  return {
    name: executorName,
    workers: target.workers,
    mostWorkers,
    async compile(
      f,
      specs,
      {
        name = f.name || "function",
        constant,
        workers: wanted = 1,
        itemwise = false,
        lift = false,
        onProgress,
      } = {},
    ) {
      const start = performance.now();
      const workers = Math.min(wanted, mostWorkers);
      const { jaxpr, signature } = trace(f, specs, name);
      try {
        const traceMs = performance.now() - start;
        const each = Math.floor(target.threads / workers);
        const program =
          (await fusedProgram(store, jaxpr, signature, target.kernels)) ??
          (await onnxProgram(store, jaxpr, signature, {
            target: { ...target, threads: each },
            session: session(name, each),
            workers: workersBeside(apart ? 1 : workers - 1),
            apart,
            memory: memory(),
            itemwise,
            lift,
            onProgress,
            constants: constant === undefined ? [] : treeLeaves(constant),
          }));
        const compiled: Compiled = {
          traceMs,
          compileMs: performance.now() - start - traceMs,
          flops: program.flops,
          run: program.run,
          async dispose() {
            if (open.delete(compiled)) await program.dispose();
          },
        };
        open.add(compiled);
        return compiled as never; // with the result of f
      } finally {
        jaxpr.dispose();
      }
    },
    async expectRoom(f, specs, { name = f.name || "function", itemwise, onProgress } = {}) {
      const { jaxpr, signature } = trace(f, specs, name);
      try {
        const room = { target, memory: memory(), onProgress, ...(itemwise !== undefined && { itemwise }) };
        await expectRoomFor(jaxpr, signature, room);
      } finally {
        jaxpr.dispose();
      }
    },
    memory: availableMemory,
    async place(host) {
      return treeMap((leaf: HostArray): PlacedArray => store.copy(leaf), host) as never; // the tree of `host`
    },
    async fetch(placed) {
      return treeMap((leaf: PlacedArray) => {
        const { data, shape, dtype } = hostOf(leaf);
        return new HostArray(data.slice(), shape, dtype);
      }, placed) as never; // the tree of `placed`
    },
    peek: (placed) => treeMap(hostOf, placed) as never,
    release(placed) {
      for (const leaf of treeLeaves(placed)) store.release(leaf as Tensor);
    },
    separate(most) {
      const count = Math.min(most, mostWorkers);
      const each = { ...target, threads: Math.floor(target.threads / count), workers: 1 };
      if (count < 2 || apart) return [];
      return Array.from({ length: count }, () =>
        runtimeExecutor(engine, { ...options, target: each, mostWorkers: 1, apart: true }),
      );
    },
    async dispose() {
      const closed = await Promise.allSettled([...open].map((compiled) => compiled.dispose()));
      await Promise.all(threads.map((worker) => worker.stop()));
      const failed = closed.find((end) => end.status === "rejected");
      if (failed) throw failed.reason;
    },
  };
}

/** @throws UsageError for an invalid number of threads */
export function checkThreads(threads: number): void {
  if (!Number.isInteger(threads) || threads < 1 || threads > MOST_THREADS)
    throw new UsageError(
      `${threads} threads: expected a whole number from 1 to ${MOST_THREADS}; the default is one per core`,
    );
}

/** A view of the tensor's memory. */
function hostOf(placed: PlacedArray): HostArray {
  const { data, dims, type } = placed as Tensor;
  return new HostArray(data as HostData, dims, type as DType);
}
