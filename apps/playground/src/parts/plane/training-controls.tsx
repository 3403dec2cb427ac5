import { Problem } from "../../ui/problem.js";
import type { PlaneConfig } from "./config.js";
import {
  config,
  configure,
  opened,
  pause,
  play,
  problems,
  reset,
  save,
  status,
  step,
  train,
  training,
} from "./state.js";

type NumberFieldProps = {
  name: "learningRate" | "seed" | "steps";
  label: string;
  min: number;
  max: number;
  step: number | "any";
  /** The parameters stay. */
  keep: boolean;
};

function NumberField({ name, label, keep, ...range }: NumberFieldProps) {
  return (
    <label class="field">
      {label}
      <input
        type="number"
        required
        {...range}
        value={config.value[name]}
        onChange={({ currentTarget: input }) => {
          if (input.reportValidity()) configure({ [name]: input.valueAsNumber }, { keep });
        }}
      />
    </label>
  );
}

/** Train, pause, step, reset; what decides how. */
export function TrainingControls() {
  const { steps, device } = config.value;
  const ready = opened.value !== undefined;
  return (
    <div class="stack">
      <div class="row">
        {training.value ? (
          <button type="button" class="main" onClick={() => void pause()}>
            Pause
          </button>
        ) : (
          <button type="button" class="main" disabled={!ready || step.value >= steps} onClick={play}>
            Train
          </button>
        )}
        <button
          type="button"
          disabled={!ready || training.value || step.value >= steps}
          onClick={() => train(1)}
        >
          Step
        </button>
        <button type="button" onClick={reset}>
          Reset
        </button>
        <button type="button" disabled={!ready} onClick={() => void save()}>
          Save flow
        </button>
      </div>
      <p class="note number">
        Step <output id="plane-step">{step}</output> of {steps}
        {opened.value && ` · ${opened.value.parameters.toLocaleString("en")} parameters · `}
        {opened.value && <output id="plane-device">{opened.value.device}</output>}
      </p>
      <Problem text={problems.value.training}>
        <button type="button" onClick={reset}>
          Reset
        </button>
      </Problem>
      <div class="row">
        <NumberField name="learningRate" label="Learning rate" min={1e-5} max={100} step="any" keep />
        <NumberField name="steps" label="Steps" min={1} max={20_000} step={1} keep />
        <NumberField name="seed" label="Seed" min={0} max={999_999} step={1} keep={false} />
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
      <p role="status" class="note">
        {status}
      </p>
    </div>
  );
}
