import type { Backend } from "../shell/schemas.js";

type ChoiceProps<T extends string | number> = Readonly<{
  label: string;
  /** undefined: none is chosen yet. */
  value: T | undefined;
  /** The values, and what each is called. */
  of: readonly (readonly [value: T, name: string])[];
  disabled?: boolean;
  onValue(value: T): unknown;
}>;

/** A list of values to choose one of. */
export function Choice<T extends string | number>({ label, value, of, disabled, onValue }: ChoiceProps<T>) {
  const choose = (text: string): void => {
    const found = of.find(([each]) => String(each) === text);
    if (found) onValue(found[0]);
  };
  return (
    <label class="field">
      {label}
      <select
        value={value ?? ""}
        disabled={disabled ?? false}
        onChange={({ currentTarget }) => choose(currentTarget.value)}
      >
        {value === undefined && (
          <option value="" disabled>
            choose…
          </option>
        )}
        {of.map(([each, name]) => (
          <option key={each} value={each}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

const devices = [
  ["auto", "automatic"],
  ["wasm", "Wasm"],
  ["webgpu", "WebGPU"],
] as const;

type DeviceFieldProps = Readonly<{ value: Backend; disabled?: boolean; onValue: (value: Backend) => void }>;

/** Choice of the worker's device. */
export const DeviceField = (props: DeviceFieldProps) => <Choice label="Device" of={devices} {...props} />;
