import { NumberFields } from "./number-field.js";

type Settings = { count: number; temperature: number; seed: number };

type DrawSettingsProps = Readonly<{
  /** Label and maximum of the count. */
  label: string;
  most: number;
  value: Readonly<Settings>;
  change: (next: Partial<Settings>) => void;
  button: string;
  disabled: boolean;
  onDraw: () => void;
}>;

/** Count, temperature and seed, with the button that samples. */
export function DrawSettings({ label, most, value, change, button, disabled, onDraw }: DrawSettingsProps) {
  return (
    <div class="row">
      <NumberFields
        of={value}
        change={change}
        fields={[
          ["count", label, 1, most],
          ["temperature", "Temperature", 0, 10, 0.1],
          ["seed", "Seed", 0, 1e9],
        ]}
      />
      <button type="button" disabled={disabled} onClick={onDraw}>
        {button}
      </button>
    </div>
  );
}
