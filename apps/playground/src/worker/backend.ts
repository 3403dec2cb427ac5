import { DeviceError, type Executor, jaxExecutor, webgpuExecutor } from "@flowify/core";
import type { Backend } from "./backends.js";

/** Names of the devices for users. */
export const nameOf = ({ name }: Executor): string => (name === "webgpu" ? "WebGPU" : "Wasm");

/** WebGPU where there is a GPU behind it (a software adapter is slower than Wasm), else Wasm; or the requested one. */
export async function openBackend(backend: Backend): Promise<Executor> {
  if (backend === "webgpu") return webgpuExecutor();
  if (backend === "wasm" || !("gpu" in navigator)) return jaxExecutor();
  const gpu = navigator.gpu as {
    requestAdapter(): Promise<{ info?: { isFallbackAdapter?: boolean } } | null>;
  };
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (!adapter || adapter.info?.isFallbackAdapter) return jaxExecutor();
  return webgpuExecutor().catch(() => jaxExecutor());
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
