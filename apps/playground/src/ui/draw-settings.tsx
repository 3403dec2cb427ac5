import { NumberField } from "./number-field.js";

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
      <NumberField
        label={label}
        value={value.count}
        min={1}
        max={most}
        onValue={(count) => change({ count })}
      />
      <NumberField
        label="Temperature"
        value={value.temperature}
        min={0}
        max={10}
        step={0.1}
        onValue={(temperature) => change({ temperature })}
      />
      <NumberField label="Seed" value={value.seed} min={0} max={1e9} onValue={(seed) => change({ seed })} />
      <button type="button" disabled={disabled} onClick={onDraw}>
        {button}
      </button>
    </div>
  );
}
