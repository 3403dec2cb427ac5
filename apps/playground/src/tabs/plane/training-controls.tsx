import { Choice } from "../../ui/choice.js";
import { RunButtons } from "../../ui/run-buttons.js";
import { RunSettings } from "../../ui/run-settings.js";
import { config, configure, opened, pause, play, reset, run, save, stored } from "./state.js";

const tab = { opened, pause, play, reset, run, save, stored };

/** Train, pause, step, reset, and the settings of training. */
export function TrainingControls() {
  const { steps, density } = config.value;
  return (
    <div class="stack">
      <RunButtons id="plane" examples="points" tab={tab} steps={steps} />
      <RunSettings value={config.value} configure={configure}>
        <Choice
          label="Dropped coordinates (that a layer leaves out)"
          value={density}
          of={[
            ["mixture", "mixture"],
            ["gaussian", "gaussian"],
          ]}
          onValue={(next) => configure({ density: next })}
        />
      </RunSettings>
    </div>
  );
}
