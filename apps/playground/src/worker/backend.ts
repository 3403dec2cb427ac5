import { DeviceError, type Executor, fastestExecutor, jaxExecutor, webgpuExecutor } from "@flowify/core";
import type { Backend } from "../shell/schemas.js";

/** Names of the devices for users. */
export const nameOf = ({ name }: Executor): string => (name === "webgpu" ? "WebGPU" : "Wasm");

/** The fastest executor, or the requested one. */
export function openBackend(backend: Backend): Promise<Executor> {
  if (backend === "webgpu") return webgpuExecutor();
  return backend === "wasm" ? Promise.resolve(jaxExecutor()) : fastestExecutor();
}

/** Runs a task on a device; if the device is lost, runs it again in Wasm, with the reason. */
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
