import { type Executor, jaxExecutor, webgpuExecutor } from "@flowify/core";

export type Backend = "auto" | "wasm" | "webgpu";

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
