import type { Backend } from "../shell/schemas.js";
import { Choice } from "./choice.js";

const names = [
  ["auto", "automatic"],
  ["wasm", "Wasm"],
  ["webgpu", "WebGPU"],
] as const;

type DeviceFieldProps = Readonly<{ value: Backend; disabled?: boolean; onValue: (value: Backend) => void }>;

/** Choice of the worker's device. */
export const DeviceField = (props: DeviceFieldProps) => <Choice label="Device" of={names} {...props} />;
