import { DeviceError } from "@flowify/core";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { toBytesInPlace } from "./in-place.js";
import { Graph } from "./lower/graph.js";
import { type GraphModel, toBytes } from "./lower/model.js";
import { runInPlace } from "./run-in-place.js";

export type Tensors = Readonly<Record<string, Tensor>>;

/** A build of ONNX Runtime: what its native library and its WebAssembly module share. */
export type Runtime = Pick<typeof import("onnxruntime-node"), "InferenceSession" | "Tensor">;

/** The native build, which knows the providers that it was made with. */
export type NativeRuntime = Runtime &
  Pick<typeof import("onnxruntime-node"), "listSupportedBackends" | "env">;

/** A build and how its sessions leave their results in given memory. */
export type Engine = Readonly<{
  runtime: Runtime;
  /** What a session of `run` is made from. */
  toBytes(graph: GraphModel): Uint8Array;
  run(session: InferenceSession, feeds: Tensors, results: Tensors): Promise<void>;
  /** True where kernels may compute between sessions: what these leave and read can lie in WebAssembly's memory. */
  kernels: boolean;
}>;

type Module = NativeRuntime & { default?: NativeRuntime };

/**
 * ONNX Runtime's native build, which is an optional dependency with a library for the platform.
 *
 * Without `ORT_DISABLE_TELEMETRY` the library reports each session to its makers, and leaves an identifier of the
 * machine, a database of events and a log of each process in the user's folders. Here that is off unless the user has
 * set the variable. It is read when the first session of the process is made.
 */
export async function nativeRuntime(): Promise<NativeRuntime> {
  process.env.ORT_DISABLE_TELEMETRY ??= "1";
  try {
    const module: Module = await import("onnxruntime-node");
    return module.default ?? module;
  } catch (cause) {
    throw new DeviceError(
      "the native executor needs the package onnxruntime-node and its library for this platform; " +
        "npm install onnxruntime-node brings it; without it, compute in Wasm",
      { cause },
    );
  }
}

/** The native build: sessions write into the memory of the tensors that they are given. */
export async function nativeEngine(): Promise<Engine & { runtime: NativeRuntime }> {
  return {
    runtime: await nativeRuntime(),
    toBytes: toBytesInPlace,
    run: runInPlace,
    kernels: true,
  };
}

let started: Promise<Engine> | undefined;

/**
 * The WebAssembly build, an optional package. It has one pool of threads, made when it is first
 * started: a later number of threads has no effect. Its sessions compute in a memory of their own,
 * from which the results are copied.
 */
export async function wasmEngine(threads: number): Promise<Engine> {
  started ??= startWasm(threads);
  try {
    return await started;
  } catch (cause) {
    started = undefined;
    throw new DeviceError(
      "the Wasm executor needs the package onnxruntime-web; npm install onnxruntime-web brings it",
      { cause },
    );
  }
}

async function startWasm(threads: number): Promise<Engine> {
  const { env, InferenceSession, Tensor } = await import("onnxruntime-web");
  env.wasm.numThreads = threads;
  // In Node the module's start leaves a `Worker` in the global scope, by which jax-js tells whether
  // memory is shared: it must see the same answer all the time.
  const worker = Object.getOwnPropertyDescriptor(globalThis, "Worker");
  try {
    await (await InferenceSession.create(nothing())).release();
  } finally {
    if (worker) Object.defineProperty(globalThis, "Worker", worker);
    else delete (globalThis as { Worker?: unknown }).Worker;
  }
  return {
    runtime: { InferenceSession, Tensor } as unknown as Runtime,
    toBytes,
    async run(session, feeds, results) {
      const computed = await session.run(feeds, Object.keys(results));
      for (const [name, tensor] of Object.entries(results))
        (tensor.data as Float32Array).set(computed[name]?.data as Float32Array);
    },
    kernels: false,
  };
}

/** A program that hands its input on. */
export function nothing(): Uint8Array {
  const graph = new Graph();
  const x = { name: "x", type: "float32", shape: [1] } as const;
  graph.declare(x.name, x.type, x.shape);
  const y = graph.node("Identity", [x.name], { type: x.type, shape: x.shape });
  return toBytes({ name: "nothing", inputs: [x], outputs: [{ ...x, name: y }], ...graph.live([y]) });
}

/**
 * The session options of an executor. Measured on a busy two-core machine: without the arena a
 * training step was slower; memory patterns and the level of graph optimization made no difference
 * beyond the noise and keep ONNX Runtime's defaults.
 */
export function sessionOptions(
  threads: number,
  flushDenormals: boolean,
  profile?: string,
): InferenceSession.SessionOptions {
  return {
    ...(profile !== undefined && { enableProfiling: true, profileFilePrefix: profile }),
    intraOpNumThreads: threads,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
    extra: {
      session: {
        // Threads that spin while they wait took up to twice the time on a busy machine. An idle one was
        // not compared.
        intra_op: { allow_spinning: "0" },
        ...(flushDenormals && { set_denormal_as_zero: "1" }),
      },
    },
  };
}
