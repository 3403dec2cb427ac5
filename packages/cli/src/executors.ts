import { DeviceError, type Executor, wasmExecutor, webgpuExecutor } from "@flowify/core";
import { nativeExecutor } from "@flowify/onnx";
import type { DeviceName } from "./commands/shared.js";
import type { Terminal } from "./ui/terminal.js";

export type { DeviceName };

export type DeviceOptions = {
  /** Threads inside an operation; by default one for each core that this process may use. Only native. */
  threads?: number;
};

/** A place to compute in. */
export type Device = Readonly<{
  name: Exclude<DeviceName, "auto">;
  brief: string;
  /** @throws DeviceError where it is not on this machine; the first line says what is missing. */
  open(options?: DeviceOptions): Promise<Executor>;
}>;

/** The devices, the one that is tried first in front. */
export const devices: readonly Device[] = [
  {
    name: "native",
    brief: "ONNX Runtime on the processor, the package onnxruntime-node",
    open: ({ threads } = {}) => nativeExecutor(threads === undefined ? {} : { threads }),
  },
  {
    name: "webgpu",
    brief: "jax-js on a graphics card; in Node through the package webgpu",
    async open() {
      await provideWebgpu();
      return webgpuExecutor();
    },
  },
  { name: "wasm", brief: "jax-js in WebAssembly, anywhere", open: async () => wasmExecutor() },
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

/**
 * The executor that was asked for; `auto` is the native one, or Wasm where ONNX Runtime is absent,
 * which is said on one line.
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
  try {
    return await named("native").open(options);
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    warn("ONNX Runtime is not here (npm install onnxruntime-node): computing in Wasm, several times slower");
    return named("wasm").open();
  }
}

/** Where to go on when a device breaks; undefined after the last. */
export const fallbackOf = (device: DeviceName): DeviceName | undefined =>
  ({ webgpu: "auto", auto: "wasm", native: "wasm", wasm: undefined })[device] as DeviceName | undefined;
