import type { ComponentChildren } from "preact";
import type { Backend } from "../shell/schemas.js";
import { DeviceField } from "./choice.js";
import { NumberFields } from "./number-field.js";

type Settings = { learningRate: number; steps: number; seed: number; device: Backend };

type RunSettingsProps = Readonly<{
  value: Readonly<Settings>;
  /** With `keep` the present state continues. */
  configure: (change: Partial<Settings>, options?: { keep?: boolean }) => void;
  /** Settings of the tab, between the common ones. */
  children: ComponentChildren;
}>;

/** The settings of training. */
export function RunSettings({ value, configure, children }: RunSettingsProps) {
  return (
    <div class="row">
      <NumberFields
        of={value}
        change={(part) => configure(part, { keep: !("seed" in part) })}
        fields={[
          ["learningRate", "Learning rate", 0.001, 100, 0.001],
          ["steps", "Steps", 1, 20_000],
          ["seed", "Seed", 0, 999_999],
        ]}
      />
      {children}
      <DeviceField value={value.device} onValue={(device) => configure({ device }, { keep: true })} />
    </div>
  );
}
