import { nativeRuntime } from "./runtime.js";

type RuntimeTensor = { readonly data: unknown };

type RuntimeSession = {
  run(feeds: { readonly [name: string]: RuntimeTensor }): Promise<{ readonly [name: string]: RuntimeTensor }>;
  release(): Promise<void>;
};

/**
 * A build of ONNX Runtime, as far as files are run in it. Its own types are left out of what this package declares:
 * they need those of the DOM, and the package may be absent.
 */
export type Runtime = Readonly<{
  InferenceSession: {
    create(bytes: Uint8Array, options?: { logSeverityLevel?: 0 | 1 | 2 | 3 | 4 }): Promise<RuntimeSession>;
  };
  Tensor: new (type: "float32", data: Float32Array, shape: readonly number[]) => RuntimeTensor;
}>;

/** The build that is installed, and its settings for all sessions. */
export type InstalledRuntime = Runtime & {
  readonly env: { logLevel?: "verbose" | "info" | "warning" | "error" | "fatal" };
};

/**
 * ONNX Runtime's native build, which is an optional dependency with a library for the platform.
 *
 * @throws DeviceError where it is absent
 */
export const loadRuntime = (): Promise<InstalledRuntime> => nativeRuntime();
