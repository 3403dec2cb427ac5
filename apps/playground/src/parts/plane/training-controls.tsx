import { NumberField } from "../../ui/number-field.js";
import { RunButtons } from "../../ui/run-buttons.js";
import type { PlaneConfig } from "./config.js";
import { begin, config, configure, opened, pause, play, run, save } from "./state.js";

/** Train, pause, step, reset; what decides how. */
export function TrainingControls() {
  const { steps, device, learningRate, seed } = config.value;
  return (
    <div class="stack">
      <RunButtons
        id="plane"
        run={run}
        opened={opened.value}
        steps={steps}
        onPlay={play}
        onPause={pause}
        onReset={() => void begin()}
        onSave={() => void save()}
      />
      <div class="row">
        <NumberField
          label="Learning rate"
          min={0.001}
          max={100}
          step={0.001}
          value={learningRate}
          onValue={(value) => configure({ learningRate: value }, { keep: true })}
        />
        <NumberField
          label="Steps"
          min={1}
          max={20_000}
          step={1}
          value={steps}
          onValue={(value) => configure({ steps: value }, { keep: true })}
        />
        <NumberField
          label="Seed"
          min={0}
          max={999_999}
          step={1}
          value={seed}
          onValue={(value) => configure({ seed: value })}
        />
        <label class="field">
          Dropped coordinates
          <select
            value={config.value.density}
            onChange={({ currentTarget }) =>
              configure({ density: currentTarget.value as PlaneConfig["density"] })
            }
          >
            <option>mixture</option>
            <option>gaussian</option>
          </select>
        </label>
        <label class="field">
          Device
          <select
            value={device}
            onChange={({ currentTarget }) =>
              configure({ device: currentTarget.value as PlaneConfig["device"] }, { keep: true })
            }
          >
            <option value="auto">automatic</option>
            <option value="wasm">Wasm</option>
            <option value="webgpu">WebGPU</option>
          </select>
        </label>
      </div>
    </div>
  );
}
