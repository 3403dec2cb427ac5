import { DeviceError } from "@flowify/core";
import { type NativeRuntime, nativeRuntime, nothing } from "./runtime.js";

/** Excluded providers: the CPU is the default; the WebGPU provider of 1.30 crashes the process in our graphs. */
const leftOut = ["cpu", "webgpu"];

const providersOf = (runtime: NativeRuntime): string[] =>
  runtime.listSupportedBackends().flatMap(({ name }) => (leftOut.includes(name) ? [] : [name]));

/**
 * The execution providers besides the CPU in the installed build of ONNX Runtime: `"cuda"`, `"coreml"`, … Creating an
 * executor shows whether their libraries and a device are present.
 *
 * @throws DeviceError if `onnxruntime-node` is not installed
 */
export const nativeProviders = async (): Promise<string[]> => providersOf(await nativeRuntime());

/** Tries a provider. @throws DeviceError if this build lacks it, or its library or device is missing */
export async function checkProvider(runtime: NativeRuntime, provider: string): Promise<void> {
  const known = providersOf(runtime);
  if (!known.includes(provider))
    throw new DeviceError(
      `ONNX Runtime has no provider "${provider}" on this platform; it has ${known.join(", ") || "none but the CPU"}`,
    );
  try {
    const options = { executionProviders: [provider], logSeverityLevel: 4 } as const;
    await (await runtime.InferenceSession.create(nothing(), options)).release();
  } catch (cause) {
    throw new DeviceError(
      `ONNX Runtime's provider ${provider} does not start: its library or a device for it is missing`,
      { cause },
    );
  }
}
