import { join } from "node:path";
import { type Executor, UsageError } from "@flowify/core";
import { checkOptions, optionSchemas as o } from "@flowify/core/internal";
import { ortCpu, type Target } from "jax-to-onnx";
import { checkProvider } from "./providers.js";
import { availableCores, availableMemory } from "./resources.js";
import { nativeEngine, sessionOptions } from "./runtime.js";
import { checkThreads, runtimeExecutor } from "./runtime-executor.js";
import { hasWorkers } from "./workers/worker-handle.js";

export type NativeExecutorOptions = {
  /** Threads inside an operator; by default one for each core that this process may use. */
  threads?: number;
  /**
   * Parts of a batch that are computed side by side, each with its part of the threads; by default two: one program for each in scoring and
   * sampling, of parts of at least 32 examples. Training may use more (`mostWorkers`).
   */
  workers?: number;
  /**
   * Rounds numbers below 1e-38 to zero, because some processors compute them a hundred times slower. Off by default:
   * ONNX Runtime sets it for the whole process when its first session is created, so that JavaScript also loses numbers
   * below 2e-308.
   */
  flushDenormals?: boolean;
  /**
   * Folder for profiles. ONNX Runtime writes the time of each node of each program, `NAME_TIME.json` in Chrome's trace
   * format, when the program is disposed of.
   */
  profile?: string;
  /**
   * Another execution provider of ONNX Runtime, one of `nativeProviders()`; the CPU computes the operations that it
   * lacks. State stays in the memory of the host and is transferred in each call.
   */
  provider?: string;
  /** Memory limit of a program in bytes; by default the available memory when it is compiled. */
  memory?: number;
  /** What graphs are made for; its threads and workers are those of the executor. Default `ortCpu`. */
  target?: Target;
};

const schemas = {
  threads: o.anything,
  workers: o.anything,
  flushDenormals: o.flag,
  profile: o.text,
  provider: o.text,
  memory: o.positive,
  target: o.record,
};

/**
 * Runs pure jax functions in ONNX Runtime's native library, on the CPU or with another of its providers.
 *
 * @throws UsageError for an invalid number of threads or workers; in `compile` MemoryError for a program that needs too much
 * memory; DeviceError if `onnxruntime-node` is not installed, or its library or that of the provider does not load.
 */
export async function nativeExecutor(options: NativeExecutorOptions = {}): Promise<Executor> {
  checkOptions("nativeExecutor", schemas, options);
  const { threads = availableCores(), workers: most, flushDenormals = false, profile, provider } = options;
  const { memory, target = ortCpu } = options;
  checkThreads(threads);
  const engine = await nativeEngine();
  if (provider !== undefined) await checkProvider(engine.runtime, provider);
  if (most !== undefined && !(Number.isInteger(most) && most >= 1))
    throw new UsageError(`${most} workers: expected a whole number from 1`);
  const mostWorkers = provider === undefined && hasWorkers() ? threads : 1;
  const workers = Math.min(most ?? target.workers, mostWorkers);
  return runtimeExecutor(engine, {
    name: provider === undefined ? "native" : `native-${provider}`,
    target: { ...target, threads, workers },
    mostWorkers,
    session: (program, each) => ({
      ...sessionOptions(each, flushDenormals, profile === undefined ? undefined : join(profile, program)),
      ...(provider !== undefined && { executionProviders: [provider, "cpu"] }),
    }),
    memory: () => memory ?? availableMemory(),
  });
}
