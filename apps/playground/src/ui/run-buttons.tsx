import { decimals } from "./format.js";
import { Problem } from "./problem.js";
import type { Run } from "./run.js";

type RunButtonsProps = {
  /** Begins the ids of the outputs. */
  id: string;
  run: Run<unknown>;
  /** What it learns, in the plural. */
  examples: string;
  /** What is open, once it is. */
  opened: Readonly<{ device: string; parameters: number }> | undefined;
  steps: number;
  onPlay: () => void;
  onPause: () => void;
  onReset: () => void;
  onSave: () => void;
};

/** What a run's trend asks for. */
const advice = (examples: string) =>
  ({
    level: "",
    overfits: `Since then held-out ${examples} have become less likely: the network learns its ${examples} by heart. More of them, or a smaller network, help.`,
    worse: `Training has only made held-out ${examples} less likely. A smaller learning rate may help.`,
  }) as const;

/** Train or pause, step, reset, save; where the run stands, and what went wrong. */
export function RunButtons(props: RunButtonsProps) {
  const { id, run, examples, opened, steps, onPlay, onPause, onReset, onSave } = props;
  const standing = run.standing.value;
  const going = run.going.value;
  const idle = opened !== undefined && !going && run.step.value < steps;
  return (
    <>
      <div class="row">
        {going ? (
          <button type="button" class="main" onClick={onPause}>
            Pause
          </button>
        ) : (
          <button type="button" class="main" disabled={!idle} onClick={onPlay}>
            Train
          </button>
        )}
        <button type="button" disabled={!idle} onClick={() => run.train(1)}>
          Step
        </button>
        <button type="button" onClick={onReset}>
          Reset
        </button>
        <button type="button" disabled={!opened} onClick={onSave}>
          Save flow
        </button>
      </div>
      <p class="note number standing">
        Step <output id={`${id}-step`}>{run.step}</output> of {decimals(steps, 0)}
        {opened && ` · ${opened.parameters.toLocaleString("en")} parameters · `}
        {opened && <output id={`${id}-device`}>{opened.device}</output>}
      </p>
      <p class="note number standing">
        {standing && (
          <>
            Best on held-out {examples} at step <output id={`${id}-best`}>{standing.best}</output>, which is
            shown and saved. {advice(examples)[standing.trend]}
          </>
        )}
      </p>
      <Problem text={run.problem.value}>
        <button type="button" onClick={onReset}>
          Reset
        </button>
      </Problem>
      <p role="status" class="note standing">
        {run.status}
      </p>
    </>
  );
}
