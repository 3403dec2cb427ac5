import type { Executor } from "@flowify/core";
import { availableCores, availableMemory } from "./resources.js";
import { sessionOptions, wasmEngine } from "./runtime.js";
import { checkThreads, runtimeExecutor } from "./runtime-executor.js";

/** Bytes that a module with 32-bit addresses reaches. */
const REACH = 4 * 2 ** 30;

export type WasmExecutorOptions = {
  /** Threads inside an operator, for the whole process; by default one for each core that it may use. */
  threads?: number;
};

/**
 * Runs pure jax functions in ONNX Runtime's WebAssembly module: the graphs of the native executor,
 * about five times slower, on any platform that Node runs on.
 *
 * @throws UsageError for a number of threads that makes no sense; `compile` a MemoryError for a program
 * that needs more than there is; DeviceError where `onnxruntime-web` is not installed.
 */
export async function wasmExecutor({
  threads = availableCores(),
}: WasmExecutorOptions = {}): Promise<Executor> {
  checkThreads(threads);
  return runtimeExecutor(await wasmEngine(threads), {
    name: "wasm",
    session: () => sessionOptions(threads, false),
    memory: () => Math.min(REACH, availableMemory()),
  });
}
