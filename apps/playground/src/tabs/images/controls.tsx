import { Choice } from "../../ui/choice.js";
import { DropZone } from "../../ui/drop-zone.js";
import { decimals } from "../../ui/figures.js";
import { Problem } from "../../ui/problem.js";
import { RunButtons } from "../../ui/run-buttons.js";
import { RunSettings } from "../../ui/run-settings.js";
import { numbersOf, SIDES } from "./config.js";
import {
  config,
  configure,
  opened,
  openFiles,
  openOwn,
  pause,
  play,
  reading,
  reset,
  resize,
  run,
  save,
  setTemperature,
  shape,
  source,
  sourceProblem,
  stored,
  waits,
} from "./state.js";

const tab = { opened, pause, play, reset, run, save, stored };

/** Choice of pictures; train, pause, step, reset; temperature and the other settings. */
export function Controls() {
  const { steps, temperature, widths, side } = config.value;
  return (
    <div class="stack">
      <RunButtons id="images" examples="images" tab={tab} steps={steps} save="Save the run" />
      <label class="field">
        Temperature of the samples: {decimals(temperature, 2)}
        <input
          type="range"
          min={0}
          max={2}
          step={0.05}
          value={temperature}
          disabled={stored.value}
          onInput={({ currentTarget }) => void setTemperature(currentTarget.valueAsNumber)}
        />
        {waits}
      </label>
      <RunSettings value={config.value} configure={configure}>
        <Choice
          label="Widths"
          value={widths.join(" ")}
          of={[...new Set([widths.join(" "), "32 16", "64 32 16", "16", "64 8", "196 32"])].map((text) => [
            text,
            `${numbersOf(shape.value)} → ${text.replaceAll(" ", " → ")}`,
          ])}
          onValue={(text) => configure({ widths: text.split(" ").map(Number) })}
        />
        <Choice
          label="Size"
          value={side}
          of={SIDES.map((each) => [each, `${each} × ${each}${each > SIDES[0] ? ", slower" : ""}`])}
          onValue={(next) => resize(next)}
        />
      </RunSettings>
      <DropZone
        label="Open pictures"
        accept="image/*"
        multiple
        folder="Open a folder"
        onFiles={(files) => void openFiles(files)}
        problem={sourceProblem}
      >
        <p class="note">Training images: {source}</p>
        <button type="button" onClick={() => void openOwn()}>
          Digits
        </button>
      </DropZone>
      {reading.value && (
        <div class="row">
          <label class="field">
            Reading {reading.value.done} of {reading.value.of}
            <progress value={reading.value.done} max={reading.value.of} />
          </label>
          <button type="button" onClick={() => reading.value?.abort.abort()}>
            Cancel
          </button>
        </div>
      )}
      <Problem text={sourceProblem.value} />
    </div>
  );
}
