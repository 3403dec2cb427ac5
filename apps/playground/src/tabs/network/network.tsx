import { DropZone } from "../../ui/drop-zone.js";
import { Lesson } from "../../ui/lesson.js";
import { Problem } from "../../ui/problem.js";
import { Working } from "../../ui/working.js";
import { LARGEST } from "./files.js";
import { Flow } from "./flow.js";
import "./network.css";
import { Report } from "./report.js";
import {
  bitsPerDimension,
  cancel,
  isExample,
  openExample,
  opened,
  openFiles,
  problem,
  progress,
} from "./state.js";

export { begin } from "./state.js";

/** Your network: a file becomes a flow, shown layer by layer and applied to digits. */
export function Tab() {
  const { value: found } = opened;
  return (
    <div class="columns">
      <div class="stack">
        <div class="sheet stack">
          <h2>An ONNX file</h2>
          <DropZone
            label="Choose a file"
            accept=".onnx,.data,.bin"
            multiple
            onFiles={(dropped) => void openFiles(dropped)}
            problem={problem}
          >
            <p>
              Drop a trained network here, up to {LARGEST / 2 ** 20} MiB, together with separate weight files
              if it has any. It stays on your computer. Of several outputs the page takes the first; the
              command <code>flowify convert</code> chooses inputs, outputs and shapes.
            </p>
            {isExample() ? (
              <p>
                Until then the page shows an example: a classifier of digits, 784 → 32 → 10 with a ReLU
                between, which is right on 97 of 100 test digits.
              </p>
            ) : (
              <button type="button" onClick={() => void openExample()}>
                The example
              </button>
            )}
          </DropZone>
          <Working
            progress={progress.value}
            label={bitsPerDimension.value === undefined ? "Cancel" : "Cancel and discard the open network"}
            cancel={cancel}
          />
          <Problem text={problem.value} />
        </div>
        {found && <Flow notForDigits={found.notForDigits} />}
      </div>
      <div class="sheet stack beside">
        <h2>Layer by layer</h2>
        {found && <Report report={found.report} leftOut={found.leftOut} />}
        <Lesson
          equation="log p(x) = log p(z) + log q(dropped | z) + Σ s"
          docs="convert"
          about="trained networks"
        >
          A layer x ↦ z of a trained network loses information: a matrix from 784 numbers to 32 drops 752 of
          them. Its flow keeps the function and learns a density q of the dropped numbers, given the others.
          Layers that only drop are <span class="exact">exact</span>. If a layer returns more numbers than it
          takes, or clips some, as a ReLU does, noise fills the gap and the likelihood is a{" "}
          <span class="bound">lower bound</span>.
        </Lesson>
      </div>
    </div>
  );
}
