import type { Trained } from "../run/session.js";

/** Describes the result of further training. */
export function trainedText({ taken, best, learningRate }: Trained): string {
  const steps = taken === 1 ? "1 step was taken" : `${taken} steps were taken`;
  const rate = `at a learning rate of ${Number(learningRate.toPrecision(3))}`;
  if (best === taken) return `${steps}, ${rate}.`;
  if (best > 0)
    return `${steps}, ${rate}. Held-out images were most likely after ${best} of them: the run keeps that state.`;
  return `${steps}, ${rate}. Held-out images never became more likely: the run is unchanged.`;
}

/** Result of further training. */
export const TrainedNote = ({ trained }: { trained: Trained | undefined }) =>
  trained ? (
    <p class="note" role="status">
      {trainedText(trained)}
    </p>
  ) : null;
