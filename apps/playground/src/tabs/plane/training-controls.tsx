import { Choice } from "../../ui/choice.js";
import { RunButtons } from "../../ui/run-buttons.js";
import { RunSettings } from "../../ui/run-settings.js";
import { dataKinds } from "./config.js";
import { config, configure, run } from "./state.js";

/** Train, pause, step, reset, and the settings of training. */
export function TrainingControls() {
  const { data, steps, density } = config.value;
  return (
    <div class="stack">
      <RunButtons id="plane" examples="points" run={run} steps={steps} />
      <RunSettings value={config.value} configure={configure}>
        <Choice
          label="Points"
          value={data}
          of={dataKinds.map((kind) => [kind, kind])}
          onValue={(next) => configure({ data: next })}
        />
        <Choice
          label="Dropped coordinates (that a layer leaves out)"
          value={density}
          of={(["mixture", "gaussian"] as const).map((kind) => [kind, kind])}
          onValue={(next) => configure({ density: next })}
        />
      </RunSettings>
    </div>
  );
}
