import { Choice, DeviceField } from "../../ui/choice.js";
import { decimals } from "../../ui/figures.js";
import { Histogram } from "../../ui/histogram.js";
import { Lesson } from "../../ui/lesson.js";
import { NumberFields } from "../../ui/number-field.js";
import { Problem } from "../../ui/problem.js";
import { Sheet } from "../../ui/sheet.js";
import { Working } from "../../ui/working.js";
import { type TaskName, taskViews } from "./config.js";
import { Observation } from "./observation.js";
import { Pairs } from "./pairs.js";
import "./posterior.css";
import {
  answer,
  change,
  choose,
  config,
  facts,
  ranks,
  save,
  simulateAnother,
  source,
  train,
  view,
  work,
} from "./state.js";

export { begin } from "./state.js";

/** Posterior: an observation to drag, and the parameters of a simulator that it may come from. */
export function Tab() {
  return (
    <div class="board posterior">
      <Sheet name="observation" title="Observation" class="stack first">
        <Choice
          label="Simulator"
          value={config.value.task}
          of={(Object.keys(taskViews) as TaskName[]).map((name) => [name, taskViews[name].title])}
          onValue={choose}
        />
        <p class="note">{view.value.words}</p>
        {config.value.task === "own" && <OwnSimulator />}
        <Observation />
        <p class="note">
          Drag a point, or move it by the arrow keys. In grey: what the simulator makes of samples of the
          posterior. They should look like the observation.
        </p>
        <button type="button" disabled={!facts.value} onClick={() => void simulateAnother()}>
          Simulate another observation
        </button>
        <p class="note">{work.progress.value && `${work.progress.value.stage} …`}</p>
        <p class="wrong" role="status">
          {answer.value?.note && `Careful: ${answer.value.note}.`}
        </p>
      </Sheet>
      <Sheet name="posterior" title="Posterior" class="stack second">
        <Pairs />
        <Lesson equation="p(θ | x) ∝ p(θ) p(x | θ)" docs="posteriors" about="posteriors">
          The posterior: how plausible parameters θ are once x was seen. The lines hold 50, 80 and 95 % of the
          samples, the bars show each parameter alone. After “Simulate another” the cross marks the parameters
          that were used.
        </Lesson>
      </Sheet>
      <div class="stack more">
        <Sheet name="training" title="Training" class="stack">
          <Training />
        </Sheet>
        <Sheet name="calibration" title="Calibration" class="stack">
          <Calibration />
        </Sheet>
      </div>
    </div>
  );
}

/** The box for a simulator. */
const OwnSimulator = () => (
  <label class="field">
    Simulator, a module in JavaScript; its observation can be moved once it was trained
    <textarea
      rows={12}
      spellcheck={false}
      value={source.value}
      disabled={work.busy.value}
      onInput={({ currentTarget }) => {
        source.value = currentTarget.value;
      }}
    />
  </label>
);

function Training() {
  const { device } = config.value;
  const { value: found } = facts;
  const busy = work.busy.value;
  return (
    <>
      <div class="row">
        <NumberFields
          of={config.value}
          change={change}
          fields={[
            ["simulations", "Simulations", 200, 20_000],
            ["epochs", "Passes", 1, 500],
            ["seed", "Seed", 0, 999_999],
          ]}
        />
        <DeviceField value={device} disabled={busy} onValue={(value) => change({ device: value })} />
      </div>
      <div class="row">
        <button type="button" class="main" disabled={busy} onClick={() => void train()}>
          {config.value.task === "own" ? "Simulate and train" : "Train"}
        </button>
        <button type="button" disabled={busy || !found} onClick={() => void save()}>
          Download posterior.onnx
        </button>
      </div>
      <Working progress={work.progress.value} label="Stop" cancel={work.cancel} />
      <Problem text={work.problem.value} />
      {found && (
        <p class="note number">
          {found.seconds === 0
            ? "This posterior came with the page, trained for longer. Train learns one here, in half a minute at most."
            : `Trained in ${decimals(found.seconds, 0)} s from ${found.simulations.toLocaleString("en")} simulations`}
          {found.failures > 0 && `; ${found.failures} failed`}
          {found.device && ` · ${found.device}`}
        </p>
      )}
    </>
  );
}

/** Simulation-based calibration, a small picture of each parameter. */
function Calibration() {
  const { value: found } = ranks;
  return (
    <>
      <p class="note">
        Fresh simulations, whose parameters are known: where does the true one stand among samples of its
        posterior? Its rank should be anywhere, equally often: bars end within the frame. A hill says that the
        posterior is too wide, a valley that it is too narrow, a slope that it is off to one side.
      </p>
      {found ? (
        <table class="ranks">
          <tbody>
            {found.parameters.map(({ counts, band, p }, k) => (
              <tr key={k}>
                <th scope="row">{view.value.parameters[k]?.name}</th>
                <td>
                  <Histogram name={`ranks of ${view.value.parameters[k]?.name}`} bars={counts} band={band} />
                </td>
                <td class="number">p = {decimals(p, 3)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <p class="note" role="status">
          {work.busy.value ? "Computed after the training." : "Train first."}
        </p>
      )}
      {found && (
        <p class="note">
          {found.simulations} simulations. p: how often ranks of a right posterior are as uneven (χ² test).
        </p>
      )}
    </>
  );
}
