import { DeviceError, type Executor, jaxExecutor, webgpuExecutor } from "@flowify/core";
import { availableMemory, nativeExecutor, wasmExecutor } from "@flowify/onnx";
import type { DeviceName, Provider } from "./commands/shared.js";
import type { Terminal } from "./ui/terminal.js";

export type { DeviceName };

export type DeviceOptions = {
  /** Threads inside an operation; by default one for each core that this process may use. Native and Wasm. */
  threads?: number;
};

/** A place to compute in. */
export type Device = Readonly<{
  name: Exclude<DeviceName, "auto">;
  brief: string;
  /** Which of ONNX Runtime's providers it is, where it is one besides the CPU. */
  provider?: Provider;
  /** @throws DeviceError where it is not on this machine; the first line says what is missing. */
  open(options?: DeviceOptions): Promise<Executor>;
}>;

/** ONNX Runtime with another of its providers. */
const provided = (provider: Provider, brief: string): Device => ({
  name: `native-${provider}`,
  brief: `ONNX Runtime's provider for ${brief}`,
  provider,
  open: ({ threads } = {}) => nativeExecutor({ provider, ...(threads !== undefined && { threads }) }),
});

/** The devices, the one that is tried first in front. */
export const devices: readonly Device[] = [
  {
    name: "native",
    brief: "ONNX Runtime on the processor, the package onnxruntime-node",
    open: ({ threads } = {}) => nativeExecutor(threads === undefined ? {} : { threads }),
  },
  provided("cuda", "cards of NVIDIA"),
  provided("tensorrt", "cards of NVIDIA through TensorRT"),
  provided("dml", "graphics cards in Windows"),
  provided("coreml", "processors of Apple"),
  {
    name: "webgpu",
    brief: "jax-js on a graphics card; in Node through the package webgpu",
    async open() {
      await provideWebgpu();
      return { ...(await webgpuExecutor()), memory: availableMemory };
    },
  },
  {
    name: "wasm",
    brief: "ONNX Runtime in WebAssembly, the package onnxruntime-web",
    open: ({ threads } = {}) => wasmExecutor(threads === undefined ? {} : { threads }),
  },
  {
    name: "jax",
    brief: "jax-js in WebAssembly, nothing to install",
    open: async () => ({ ...jaxExecutor(), memory: availableMemory }),
  },
];

/** Node has no WebGPU of its own: the package webgpu brings one, where it is installed. */
async function provideWebgpu(): Promise<void> {
  if ((globalThis.navigator as { gpu?: unknown } | undefined)?.gpu !== undefined) return;
  const name = "webgpu"; // not a dependency: 130 MB, for those who ask for it
  let module: { create(flags: string[]): unknown; globals: object };
  try {
    module = (await import(name)) as typeof module;
  } catch (cause) {
    throw new DeviceError("WebGPU in Node needs the package webgpu; npm install webgpu brings it", { cause });
  }
  Object.assign(globalThis, module.globals);
  // the GPU object must outlive every device: the global keeps it
  const navigator = { gpu: module.create([]), userAgent: "node" };
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
}

/** The devices that nobody has to ask for, the fastest in front; the last is always there. */
const byItself = ["native", "wasm", "jax"] as const;

/**
 * The executor that was asked for; `auto` is the first of the native one, Wasm and jax-js that is
 * here. What is passed over is said on one line.
 *
 * @throws DeviceError where the one that was asked for by name is absent
 */
export async function openExecutor(
  device: DeviceName,
  { warn }: Pick<Terminal, "warn">,
  options: DeviceOptions = {},
  all: readonly Device[] = devices,
): Promise<Executor> {
  const named = (name: DeviceName): Device => all.find((each) => each.name === name) as Device;
  if (device !== "auto") return named(device).open(options);
  for (const name of byItself) {
    try {
      return await named(name).open(options);
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      warn(`passed over: ${error.message.split("\n")[0]}`);
    }
  }
  throw new DeviceError("there is no device to compute on");
}

/** Where to go on when a device breaks; undefined after the last. */
export function fallbackOf(device: DeviceName): DeviceName | undefined {
  if (device === "jax") return undefined;
  if (device === "wasm") return "jax";
  return device === "native" || device === "auto" ? "wasm" : "auto";
}
