import { decimals } from "./figures.js";
import { Problem } from "./problem.js";
import type { Run } from "./run.js";

type RunButtonsProps = Readonly<{
  /** Prefix of the ids of the outputs. */
  id: string;
  /** Name of the examples, in the plural. */
  examples: string;
  steps: number;
  run: Run;
  /** Label of the button that saves. */
  save?: string;
}>;

/** Advice for each trend of a run. */
const advice = (examples: string) =>
  ({
    level: "",
    overfits: `Since then held-out ${examples} have become less likely: the network overfits. More ${examples} or a smaller network help.`,
    worse: `Training has only made held-out ${examples} less likely. A smaller learning rate may help.`,
  }) as const;

/** Train or pause, step, reset, save; the progress of the run, and its errors. */
export function RunButtons({ id, examples, steps, run, save = "Save flow" }: RunButtonsProps) {
  const opened = run.opened.value;
  const standing = run.standing.value;
  const going = run.going.value;
  const idle = opened !== undefined && !going && run.step.value < steps;
  if (run.stored.value)
    return (
      <>
        <div class="row">
          <button type="button" class="main" onClick={run.play}>
            Watch it learn
          </button>
        </div>
        <p class="note number">
          A finished example, after {run.step} steps. The button trains it again here, from the first step.
        </p>
      </>
    );
  return (
    <>
      <div class="row">
        <button type="button" class="main" disabled={!going && !idle} onClick={going ? run.pause : run.play}>
          {going ? "Pause" : "Train"}
        </button>
        <button type="button" disabled={!idle} onClick={() => run.train(1)}>
          Step
        </button>
        <button type="button" onClick={() => void run.reset()}>
          Reset
        </button>
        <button type="button" disabled={!opened} onClick={() => void run.save()}>
          {save}
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
            Best on held-out {examples} at step <output id={`${id}-best`}>{standing.best}</output>. The page
            shows and saves this state. {advice(examples)[standing.trend]}
          </>
        )}
      </p>
      <Problem text={run.problem.value} />
      <p role="status" class="note standing">
        {run.status}
      </p>
    </>
  );
}
