import { DeviceError, type Executor, wasmExecutor } from "@flowify/core";
import { nativeExecutor } from "@flowify/onnx";
import type { DeviceName } from "./commands/shared.js";
import type { Terminal } from "./ui/terminal.js";

/**
 * The executor that was asked for; `auto` is the native one, or Wasm where ONNX Runtime is absent,
 * which is said on one line.
 *
 * @throws DeviceError where the one that was asked for by name is absent
 */
export async function openExecutor(
  device: DeviceName,
  { warn }: Pick<Terminal, "warn">,
  native: () => Promise<Executor> = nativeExecutor,
): Promise<Executor> {
  if (device === "wasm") return wasmExecutor();
  try {
    return await native();
  } catch (error) {
    if (device === "native" || !(error instanceof DeviceError)) throw error;
    warn("ONNX Runtime is not here (npm install onnxruntime-node): computing in Wasm, several times slower");
    return wasmExecutor();
  }
}
