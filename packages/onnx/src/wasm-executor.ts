import type { Executor } from "@flowify/core";
import { checkOptions, optionSchemas as o } from "@flowify/core/internal";
import { ortCpu } from "jax-to-onnx";
import { availableCores, availableMemory } from "./resources.js";
import { sessionOptions, wasmEngine } from "./runtime.js";
import { checkThreads, runtimeExecutor } from "./runtime-executor.js";

/** Address space of a 32-bit module, in bytes. */
const REACH = 4 * 2 ** 30;

type WasmExecutorOptions = {
  /** Threads inside an operator, for the whole process; by default one for each core that it may use. */
  threads?: number;
};

/**
 * Runs pure jax functions in ONNX Runtime's WebAssembly module: the same graphs as in the native executor, about five
 * times slower, on any platform of Node.
 *
 * @throws UsageError for an invalid number of threads; in `compile` MemoryError for a program that needs too much
 * memory; DeviceError if `onnxruntime-web` is not installed.
 */
export async function wasmExecutor(options: WasmExecutorOptions = {}): Promise<Executor> {
  checkOptions("wasmExecutor", { threads: o.anything }, options);
  const { threads = availableCores() } = options;
  checkThreads(threads);
  return runtimeExecutor(await wasmEngine(threads), {
    name: "wasm",
    target: { ...ortCpu, threads, workers: 1 },
    mostWorkers: 1,
    session: (_program, each) => sessionOptions(each, false),
    memory: () => Math.min(REACH, availableMemory()),
  });
}
