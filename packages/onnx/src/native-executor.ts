import { join } from "node:path";
import type { Executor } from "@flowify/core";
import { checkProvider } from "./providers.js";
import { availableCores, availableMemory } from "./resources.js";
import { nativeEngine, sessionOptions } from "./runtime.js";
import { checkThreads, runtimeExecutor } from "./runtime-executor.js";
import { hasWorkers } from "./workers/worker-handle.js";

export type NativeExecutorOptions = {
  /** Threads inside an operator; by default one for each core that this process may use. */
  threads?: number;
  /**
   * Rounds numbers below 1e-38 to zero, which some processors compute a hundred times slower. Off by
   * default: ONNX Runtime sets it for the whole process when its first session is made, so that
   * JavaScript too loses the numbers below 2e-308.
   */
  flushDenormals?: boolean;
  /**
   * Folder into which ONNX Runtime writes what each node of each program took, `NAME_TIME.json` in the trace format
   * of Chrome, when the program is disposed of.
   */
  profile?: string;
  /**
   * Another of ONNX Runtime's execution providers, one of `nativeProviders()`; what it cannot compute is left to
   * the CPU. State stays in the memory of the host and crosses over in each call.
   */
  provider?: string;
  /** Bytes that a program may take; by default what is available when it is compiled. */
  memory?: number;
};

/** Batches that are computed side by side. */
const LANES = 2;

/**
 * Runs pure jax functions in ONNX Runtime's native library, on the CPU or by another of its providers.
 *
 * @throws UsageError for a number of threads that makes no sense; `compile` a MemoryError for a program
 * that needs more than there is; DeviceError where `onnxruntime-node` is not installed or its library, or that of the provider, does not load.
 */
export async function nativeExecutor({
  threads = availableCores(),
  flushDenormals = false,
  profile,
  provider,
  memory,
}: NativeExecutorOptions = {}): Promise<Executor> {
  checkThreads(threads);
  const engine = await nativeEngine();
  if (provider !== undefined) await checkProvider(engine.runtime, provider);
  return runtimeExecutor(engine, {
    name: provider === undefined ? "native" : `native-${provider}`,
    workers: provider === undefined && hasWorkers() ? Math.min(LANES, threads) : 1,
    session: (program, workers) => ({
      ...sessionOptions(
        Math.floor(threads / workers),
        flushDenormals,
        profile === undefined ? undefined : join(profile, program),
      ),
      ...(provider !== undefined && { executionProviders: [provider, "cpu"] }),
    }),
    memory: () => memory ?? availableMemory(),
  });
}
