import { DeviceField } from "../../ui/device-field.js";
import { DropZone } from "../../ui/drop-zone.js";
import { Lesson } from "../../ui/lesson.js";
import { Problem, wordsOf } from "../../ui/problem.js";
import { Working } from "../../ui/working.js";
import { Files } from "./files.js";
import { Likelihood, Samples } from "./run.js";
import {
  beginDense,
  cancel,
  change,
  config,
  note,
  openFiles,
  problem,
  progress,
  run,
  soft,
} from "./state.js";
import { Training } from "./training.js";

/** Exchange: loads runs of the command and saves them for it. */
export function Exchange() {
  const busy = progress.value !== undefined;
  const { value: summary } = run;
  return (
    <div class="columns">
      <div class="stack">
        <div class="sheet stack">
          <h2>A run</h2>
          <DropZone
            label="Choose files"
            multiple
            folder="Choose a folder"
            disabled={busy}
            onFiles={(files) => void openFiles(files)}
            onProblem={(error) => {
              problem.value = wordsOf(error);
            }}
          >
            <p>
              Drop the folder of a run here, as <code>flowify train</code> wrote it, or a zip archive of it.
            </p>
          </DropZone>
          <div class="row">
            <DeviceField
              value={config.value.device}
              disabled={busy}
              onValue={(device) => change({ device })}
            />
            <button type="button" disabled={busy} onClick={() => void beginDense()}>
              Start a run on digits, 784 → 64 → 16
            </button>
          </div>
          <Working progress={progress.value} cancel={cancel} forgets={!soft.value && summary !== undefined} />
          <Problem text={problem.value} />
          {note.value && <p class="note">{note.value}</p>}
          <Lesson
            equation="θ ← θ + η · Adam(∇ mean log p(x; θ))"
            docs="design/checkpoints"
            about="checkpoints"
          >
            Training moves the parameters θ of a flow so that the images x become likely. A run consists of
            the parameters, the two moments of Adam, the step and the seed. Step and seed determine the order
            of the images and all noise. You can move a run between this page and the command line: both
            produce the same numbers.
          </Lesson>
        </div>
        {summary && (
          <>
            <Samples shape={summary.shape} />
            <Training />
          </>
        )}
      </div>
      {summary && (
        <div class="stack">
          <Likelihood summary={summary} />
          <Files summary={summary} />
        </div>
      )}
    </div>
  );
}
