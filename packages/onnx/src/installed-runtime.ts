import { availableCores } from "./resources.js";
import { nativeRuntime, wasmEngine } from "./runtime.js";

type RuntimeTensor = {
  readonly type: string;
  readonly data: ArrayLike<unknown>;
  readonly dims: readonly number[];
};

type RuntimeSession = {
  run(feeds: { readonly [name: string]: RuntimeTensor }): Promise<{ readonly [name: string]: RuntimeTensor }>;
  release(): Promise<void>;
};

/**
 * The part of a build of ONNX Runtime that runs files. This package does not expose ONNX Runtime's types: they need
 * those of the DOM, and the package may be absent.
 */
export type Runtime = Readonly<{
  InferenceSession: {
    create(bytes: Uint8Array, options?: { logSeverityLevel?: 0 | 1 | 2 | 3 | 4 }): Promise<RuntimeSession>;
  };
  Tensor: {
    new (type: "float32", data: Float32Array, shape: readonly number[]): RuntimeTensor;
    new (type: "float64", data: Float64Array, shape: readonly number[]): RuntimeTensor;
    new (type: "float16", data: Uint16Array, shape: readonly number[]): RuntimeTensor;
    new (type: "string", data: string[], shape: readonly number[]): RuntimeTensor;
  };
}>;

/** The installed build, and its settings for all sessions. */
type InstalledRuntime = Runtime & {
  readonly env: { logLevel?: "verbose" | "info" | "warning" | "error" | "fatal" };
};

/**
 * ONNX Runtime's native build, which is an optional dependency with a library for the platform.
 *
 * @throws DeviceError if it is not installed
 */
export const loadRuntime = (): Promise<InstalledRuntime> => nativeRuntime();

/**
 * ONNX Runtime's WebAssembly build, an optional package, on all cores.
 *
 * @throws DeviceError if `onnxruntime-web` is not installed
 */
export const loadWasmRuntime = async (): Promise<Runtime> => (await wasmEngine(availableCores())).runtime;
