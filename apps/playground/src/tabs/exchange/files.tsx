import { DIGITS } from "../../ui/digits-file.js";
import { Lesson } from "../../ui/lesson.js";
import { Scrolling } from "../../ui/scrolling.js";
import type { RunSummary } from "./calls.js";
import { exportOnnx, images, progress, save } from "./state.js";

/** The commands that continue the saved run. */
function commands({ data }: RunSummary): string {
  const same = images.value?.name === "mnist" ? ` --data mnist --limit ${DIGITS.test}` : " --data PICTURES";
  const resume = data === "mnist" ? "\nflowify train --resume run" : "";
  return `unzip run.zip -d run\nflowify evaluate run${same}\nflowify sample run${resume}`;
}

/** Downloads: the run, and the flow as ONNX files. */
export function Files({ summary }: { summary: RunSummary }) {
  const busy = progress.value !== undefined;
  return (
    <div class="sheet stack">
      <h2>Save and export</h2>
      <div class="row">
        <button type="button" disabled={busy} onClick={() => void save()}>
          Save the run
        </button>
        <button type="button" disabled={busy} onClick={() => void exportOnnx()}>
          Export ONNX files
        </button>
      </div>
      <p>The command continues the saved run and computes the same number as this page:</p>
      <Scrolling label="Commands">
        <pre>{commands(summary)}</pre>
      </Scrolling>
      {images.value?.name === "pictures" && (
        <p class="note">
          PICTURES is a folder with two copies of the pictures, in subfolders named train and test.
        </p>
      )}
      <Lesson equation="x = decode(z, ε),  z ~ p_Z" docs="export" about="exported flows">
        The ONNX files compute log p and the ledger, and encode, decode and sample. They run in any ONNX
        runtime, without flowify.
      </Lesson>
    </div>
  );
}
