import { DeviceError, type Executor, jaxExecutor, webgpuExecutor } from "@flowify/core";
import type { Backend } from "./backends.js";

/** What a reader calls the place where it computes. */
export const nameOf = ({ name }: Executor): string => (name === "webgpu" ? "WebGPU" : "Wasm");

/** WebGPU where there is a GPU behind it (a software adapter is slower than Wasm), else Wasm; or what was asked for. */
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
