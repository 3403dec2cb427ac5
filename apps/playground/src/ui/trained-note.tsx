import type { Trained } from "../run/train-run.js";

/** What came of further training, in words. */
export function trainedText({ taken, best, learningRate }: Trained): string {
  const steps = taken === 1 ? "1 step was taken" : `${taken} steps were taken`;
  const rate = `at a learning rate of ${Number(learningRate.toPrecision(3))}`;
  if (best === taken) return `${steps}, ${rate}.`;
  if (best > 0) return `${steps}, ${rate}. Held-out images were best after ${best} of them: that is kept.`;
  return `${steps}, ${rate}. Held-out images were never as likely as before them: the run is as it was.`;
}

/** What came of further training. */
export const TrainedNote = ({ trained }: { trained: Trained | undefined }) =>
  trained ? (
    <p class="note" role="status">
      {trainedText(trained)}
    </p>
  ) : null;
