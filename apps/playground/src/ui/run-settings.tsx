import type { ComponentChildren } from "preact";
import type { Backend } from "../shell/schemas.js";
import { DeviceField } from "./device-field.js";
import { NumberField } from "./number-field.js";

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
  const keep = { keep: true };
  return (
    <div class="row">
      <NumberField
        label="Learning rate"
        min={0.001}
        max={100}
        step={0.001}
        value={value.learningRate}
        onValue={(learningRate) => configure({ learningRate }, keep)}
      />
      <NumberField
        label="Steps"
        min={1}
        max={20_000}
        value={value.steps}
        onValue={(steps) => configure({ steps }, keep)}
      />
      <NumberField
        label="Seed"
        min={0}
        max={999_999}
        value={value.seed}
        onValue={(seed) => configure({ seed })}
      />
      {children}
      <DeviceField value={value.device} onValue={(device) => configure({ device }, keep)} />
    </div>
  );
}
