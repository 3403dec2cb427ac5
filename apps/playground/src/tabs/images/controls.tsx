import { Choice } from "../../ui/choice.js";
import { DropZone } from "../../ui/drop-zone.js";
import { Problem } from "../../ui/problem.js";
import { RunButtons } from "../../ui/run-buttons.js";
import { RunSettings } from "../../ui/run-settings.js";
import { Working } from "../../ui/working.js";
import { numbersOf, SIDES } from "./config.js";
import {
  config,
  configure,
  openFiles,
  openOwn,
  reading,
  resize,
  run,
  shape,
  source,
  sourceProblem,
} from "./state.js";

/** Choice of pictures; train, pause, step, reset; the settings. */
export function Controls() {
  const { steps, widths, side } = config.value;
  return (
    <div class="stack">
      <RunButtons id="images" examples="images" run={run} steps={steps} save="Save the run" />
      <RunSettings value={config.value} configure={configure}>
        <Choice
          label="Widths"
          value={widths.join(" ")}
          of={[...new Set([widths.join(" "), "32", "16", "64", "64 16", "32 8"])].map((text) => [
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
      {reading.value && <Working progress={reading.value} cancel={() => reading.value?.abort.abort()} />}
      <Problem text={sourceProblem.value} />
    </div>
  );
}
