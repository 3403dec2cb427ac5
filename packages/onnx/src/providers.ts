import { DeviceError } from "@flowify/core";
import { type NativeRuntime, nativeRuntime, nothing } from "./runtime.js";

/** The CPU needs no name; the WebGPU provider of 1.30 ends the whole process in the middle of our graphs. */
const leftOut = ["cpu", "webgpu"];

const providersOf = (runtime: NativeRuntime): string[] =>
  runtime.listSupportedBackends().flatMap(({ name }) => (leftOut.includes(name) ? [] : [name]));

/**
 * The execution providers besides the CPU that the installed build of ONNX Runtime was made with: `"cuda"`,
 * `"coreml"`, … Whether their libraries and a card are there shows when an executor is made with one.
 *
 * @throws DeviceError where `onnxruntime-node` is not installed
 */
export const nativeProviders = async (): Promise<string[]> => providersOf(await nativeRuntime());

/** Tries a provider. @throws DeviceError where this build has none of the name, or its library or device is missing */
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
