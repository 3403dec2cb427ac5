import { DeviceError } from "@flowify/core";
import { loadOptional } from "@flowify/core/internal";
import { type GraphModel, toBytes } from "jax-to-onnx/internal";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { toBytesInPlace } from "./in-place.js";
import { runInPlace } from "./run-in-place.js";

export type Tensors = Readonly<Record<string, Tensor>>;

/** A build of ONNX Runtime: the common interface of its native library and its WebAssembly module. */
export type Runtime = Pick<typeof import("onnxruntime-node"), "InferenceSession" | "Tensor">;

/** The native build, with its list of providers. */
export type NativeRuntime = Runtime &
  Pick<typeof import("onnxruntime-node"), "listSupportedBackends" | "env">;

/** A build, and how its sessions write results to preallocated memory. */
export type Engine = Readonly<{
  runtime: Runtime;
  /** The source of a session of `run`. */
  toBytes(graph: GraphModel): Uint8Array;
  run(session: InferenceSession, feeds: Tensors, results: Tensors): Promise<void>;
}>;

type Module = NativeRuntime & { default?: NativeRuntime };

/**
 * ONNX Runtime's native build, which is an optional dependency with a library for the platform.
 *
 * Without `ORT_DISABLE_TELEMETRY` the library reports each session to its vendor, and writes an identifier of the
 * machine, a database of events and a log of each process to the user's folders. This is disabled here unless the user
 * has set the variable. The library reads it when the first session of the process is created.
 */
export async function nativeRuntime(): Promise<NativeRuntime> {
  process.env.ORT_DISABLE_TELEMETRY ??= "1";
  const module: Module = await loadOptional(() => import("onnxruntime-node"), {
    name: "onnxruntime-node",
    what: "the native executor",
    otherwise: "use the Wasm executor",
    Refusal: DeviceError,
  });
  return module.default ?? module;
}

/** The native build: sessions write to the memory of preallocated tensors. */
export async function nativeEngine(): Promise<Engine & { runtime: NativeRuntime }> {
  return {
    runtime: await nativeRuntime(),
    toBytes: toBytesInPlace,
    run: runInPlace,
  };
}

let started: Promise<Engine> | undefined;

/**
 * The WebAssembly build, an optional package. It has one thread pool, created at its first start: later numbers of
 * threads have no effect. Its sessions compute in separate memory, from which the results are copied.
 */
export async function wasmEngine(threads: number): Promise<Engine> {
  started ??= loadOptional(() => startWasm(threads), {
    name: "onnxruntime-web",
    what: "the Wasm executor",
    Refusal: DeviceError,
  }).catch((error: unknown) => {
    started = undefined;
    throw error;
  });
  return started;
}

async function startWasm(threads: number): Promise<Engine> {
  const { env, InferenceSession, Tensor } = await import("onnxruntime-web");
  env.wasm.numThreads = threads;
  // In Node the start of the module defines a global `Worker`. jax-js uses this global to decide whether memory is
  // shared, so it must not change.
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
  };
}

/** An identity program. */
export function nothing(): Uint8Array {
  const one = { type: "float32", shape: [1] } as const;
  const copy = { op: "Identity", domain: "", inputs: ["x"], outputs: ["y"], attributes: {} } as const;
  return toBytes({
    name: "nothing",
    inputs: [{ name: "x", ...one }],
    outputs: [{ name: "y", ...one }],
    nodes: [copy],
    constants: [],
  });
}

/**
 * The session options of an executor. Measured on a busy two-core machine: a training step was slower without the
 * arena. Memory patterns and the level of graph optimization made no measurable difference and keep ONNX Runtime's
 * defaults; programs of small operations go without optimization, which is most of the time to open them.
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
        // Spinning threads took up to twice the time on a busy machine. There is no comparison on an idle one.
        intra_op: { allow_spinning: "0" },
        ...(flushDenormals && { set_denormal_as_zero: "1" }),
      },
    },
  };
}
