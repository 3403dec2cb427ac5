import { DeviceError, type Executor, fastestExecutor, jaxExecutor, webgpuExecutor } from "@flowify/core";
import type { Backend } from "./backends.js";

/** What a reader calls the place where it computes. */
export const nameOf = ({ name }: Executor): string => (name === "webgpu" ? "WebGPU" : "Wasm");

/** The fastest there is, or what was asked for. */
export function openBackend(backend: Backend): Promise<Executor> {
  if (backend === "webgpu") return webgpuExecutor();
  return backend === "wasm" ? Promise.resolve(jaxExecutor()) : fastestExecutor();
}

/** Does something on a device; where the device is lost meanwhile, again in Wasm, with the words of why. */
export async function orInWasm<T>(
  executor: Executor,
  work: (executor: Executor, why?: string) => Promise<T>,
): Promise<T> {
  try {
    return await work(executor);
  } catch (error) {
    if (!(error instanceof DeviceError) || executor.name === "jax") throw error;
    return work(jaxExecutor(), error.message);
  }
}
