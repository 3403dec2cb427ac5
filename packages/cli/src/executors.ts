import { DeviceError, type Executor, jaxExecutor, UsageError, webgpuExecutor } from "@flowify/core";
import { loadOptional } from "@flowify/core/internal";
import { availableMemory, nativeExecutor, wasmExecutor } from "@flowify/onnx";
import type { DeviceName, Provider } from "./flags/shared.js";
import { unknownName } from "./ui/format.js";
import type { Terminal } from "./ui/terminal.js";

export type { DeviceName };

export type DeviceOptions = {
  /** Threads inside an operation, for native and Wasm; by default one for each core that this process may use. */
  threads?: number | undefined;
  /** Parts of a batch that the native device computes side by side; by default two. */
  workers?: number | undefined;
};

export type Device = Readonly<{
  name: Exclude<DeviceName, "auto">;
  brief: string;
  /** Its provider of ONNX Runtime, if it is one besides the CPU. */
  provider?: Provider;
  /** @throws DeviceError if it is not available; the first line names the missing part. */
  open(options?: DeviceOptions): Promise<Executor>;
}>;

/** A device of ONNX Runtime with another provider. */
const provided = (provider: Provider, brief: string): Device => ({
  name: `native-${provider}`,
  brief: `ONNX Runtime's provider for ${brief}`,
  provider,
  open: ({ threads } = {}) => nativeExecutor({ provider, ...(threads !== undefined && { threads }) }),
});

/** The devices in the order in which they are tried. */
export const devices: readonly Device[] = [
  {
    name: "native",
    brief: "ONNX Runtime on the processor (package onnxruntime-node)",
    open: ({ threads, workers } = {}) =>
      nativeExecutor({
        ...(threads !== undefined && { threads }),
        ...(workers !== undefined && { workers }),
      }),
  },
  provided("cuda", "NVIDIA graphics cards"),
  provided("tensorrt", "NVIDIA graphics cards through TensorRT"),
  provided("dml", "graphics cards on Windows"),
  provided("coreml", "Apple processors"),
  {
    name: "webgpu",
    brief: "jax-js on a graphics card (in Node with the package webgpu)",
    async open() {
      await provideWebgpu();
      return { ...(await webgpuExecutor()), memory: availableMemory };
    },
  },
  {
    name: "wasm",
    brief: "ONNX Runtime in WebAssembly (package onnxruntime-web)",
    open: ({ threads } = {}) => wasmExecutor(threads === undefined ? {} : { threads }),
  },
  {
    name: "jax",
    brief: "jax-js in WebAssembly, always present",
    open: async () => ({ ...jaxExecutor(), memory: availableMemory }),
  },
];

/** Node has no WebGPU: the package webgpu provides one, if installed. */
async function provideWebgpu(): Promise<void> {
  if ((globalThis.navigator as { gpu?: unknown } | undefined)?.gpu !== undefined) return;
  const name = "webgpu"; // not a dependency because of its 130 MB
  const module = await loadOptional<{ create(flags: string[]): unknown; globals: object }>(
    () => import(name),
    { name, what: "WebGPU in Node", Refusal: DeviceError },
  );
  Object.assign(globalThis, module.globals);
  // the GPU object must outlive every device: the global keeps it
  const navigator = { gpu: module.create([]), userAgent: "node" };
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
}

/** The devices of `auto`, the fastest first; the last is always available. */
const byItself = ["native", "wasm", "jax"] as const;

/**
 * The requested executor; `auto`, the default, is the first available one of native, Wasm and jax-js. Notes each skipped device on
 * one line.
 *
 * @throws DeviceError if a device requested by name is not available
 */
export async function openExecutor(
  device: DeviceName = "auto",
  { warn }: Pick<Terminal, "warn"> = { warn: () => {} },
  options: DeviceOptions = {},
  all: readonly Device[] = devices,
): Promise<Executor> {
  const named = (name: DeviceName): Device => {
    const found = all.find((each) => each.name === name);
    if (found) return found;
    const names = ["auto", ...all.map((each) => each.name)];
    throw new UsageError(`openExecutor: ${unknownName("device", String(name), names)}`);
  };
  if (device !== "auto") return named(device).open(options);
  for (const name of byItself) {
    try {
      return await named(name).open(options);
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      warn(`skipped: ${error.message.split("\n")[0]}`);
    }
  }
  throw new DeviceError("no device to compute on");
}

/** Opens the executor that flags name for some work, and releases it. */
export async function withExecutor<T>(
  { device = "auto", threads }: DeviceOptions & Readonly<{ device?: DeviceName | undefined }>,
  terminal: Pick<Terminal, "warn">,
  work: (executor: Executor) => Promise<T>,
): Promise<T> {
  const executor = await openExecutor(device, terminal, { threads });
  try {
    return await work(executor);
  } finally {
    await executor.dispose();
  }
}
