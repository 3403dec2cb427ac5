import type { Executor } from "./executor.js";
import { jaxExecutor, webgpuExecutor } from "./jax-executor.js";

type Gpu = { requestAdapter(): Promise<{ info?: { isFallbackAdapter?: boolean } } | null> };

/**
 * The fastest executor that core has here: WebGPU where there is a graphics card behind it (a software adapter is slower
 * than WebAssembly), else jax-js in WebAssembly.
 *
 * @example
 * ```ts
 * import { fastestExecutor } from "@flowify/core";
 *
 * console.log((await fastestExecutor()).name); // Node has no WebGPU
 * // jax
 * ```
 */
export async function fastestExecutor(): Promise<Executor> {
  const { navigator } = globalThis as { navigator?: { gpu?: Gpu } };
  const adapter = await navigator?.gpu?.requestAdapter().catch(() => null);
  if (!adapter || adapter.info?.isFallbackAdapter === true) return jaxExecutor();
  return webgpuExecutor().catch(() => jaxExecutor());
}
