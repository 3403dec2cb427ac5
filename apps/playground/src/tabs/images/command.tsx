import { DIGITS } from "../../ui/digits.js";
import { DropZone } from "../../ui/drop-zone.js";
import { Lesson } from "../../ui/lesson.js";
import { Scrolling } from "../../ui/sheet.js";
import { command, note, openRunFiles, ownPictures, shape, sourceProblem } from "./state.js";

/** The commands that continue the saved run. */
function commands(): string {
  const digits = !ownPictures.value && shape.value[1] === DIGITS.shape[1];
  const data = digits ? `--data mnist --limit ${DIGITS.test}` : "--data PICTURES";
  return `unzip run.zip -d run\nflowify evaluate run ${data}\nflowify sample run\nflowify export run --out onnx`;
}

/** Runs of the command: opened here, saved for it. */
export function Command() {
  const run = command.value;
  return (
    <>
      {run && (
        <p>
          Open: <b>{run.network}</b>, trained on {run.data}, after {run.step} steps.
        </p>
      )}
      {run?.skipped.map((text) => (
        <p class="note" key={text}>
          {text}; an older checkpoint is used.
        </p>
      ))}
      <DropZone
        label="Open a run"
        multiple
        folder="Open the folder of a run"
        onFiles={(files) => void openRunFiles(files)}
        problem={sourceProblem}
      >
        <p class="note">
          The folder that <code>flowify train</code> wrote, or a zip archive of it.
        </p>
      </DropZone>
      {note.value && (
        <p class="note" role="status">
          {note.value}
        </p>
      )}
      <p class="note">The command continues a run that is saved here:</p>
      <Scrolling label="Commands">
        <pre>{commands()}</pre>
      </Scrolling>
      <Lesson equation="x = decode(z, ε),  z ~ p_Z" docs="export" about="exported flows">
        A run consists of the parameters, the two moments of Adam, the step and the seed, which determine the
        order of the images and all noise. The ONNX files of flowify export compute log p, encode, decode and
        sample in any ONNX runtime, without flowify.
      </Lesson>
    </>
  );
}
