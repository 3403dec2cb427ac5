import type { Backend } from "../shell/schemas.js";

const names: Readonly<Record<Backend, string>> = { auto: "automatic", wasm: "Wasm", webgpu: "WebGPU" };

type DeviceFieldProps = Readonly<{ value: Backend; disabled?: boolean; onValue: (value: Backend) => void }>;

/** Choice of the worker's device. */
export function DeviceField({ value, disabled = false, onValue }: DeviceFieldProps) {
  return (
    <label class="field">
      Device
      <select
        value={value}
        disabled={disabled}
        onChange={({ currentTarget }) => onValue(currentTarget.value as Backend)}
      >
        {Object.entries(names).map(([name, label]) => (
          <option key={name} value={name}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}
