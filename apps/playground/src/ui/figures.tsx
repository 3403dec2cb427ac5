import type { Trained } from "../run/session.js";

/** A number as it is, or with so many significant digits at most. */
export const plain = (value: number, digits?: number): string =>
  String(digits === undefined ? value : Number(value.toPrecision(digits))).replace("-", "−");

/** A number with a typographic minus sign and fixed decimals; a dash for no number. */
export const decimals = (value: number | undefined, digits: number): string =>
  value === undefined ? "–" : Number.isFinite(value) ? value.toFixed(digits).replace("-", "−") : "not finite";

/** Bits per dimension of uniformly distributed bytes. */
const UNIFORM = 8;

/** A warning if images are less likely than under a uniform distribution. */
export const AboveUniform = ({ bpd }: { bpd: number | undefined }) =>
  bpd !== undefined && bpd > UNIFORM ? (
    <p class="wrong" role="status">
      More than {UNIFORM} bits per dimension: these images are less likely than under a uniform distribution
      of bytes. Train it further. If training made it worse, use a smaller learning rate.
    </p>
  ) : null;

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
