import type { Executor } from "@flowify/core";
import {
  arrayColumns,
  conformalP,
  featureChoices,
  featureRows,
  fitTableDetector,
  openDetector,
} from "flowify/tables/browser";
import type { Progress } from "../../run/session.js";
import type { CallContext } from "../../worker/messages.js";
import type { PretrainedModel } from "./pretrained.js";

/** Training steps of the detector. */
const STEPS = 200;
/** Milliseconds between two messages. */
const TOLD = 100;

/** What says how unusual a digit is for a network. */
export type DigitGuard = Readonly<{
  /** Digits that it is calibrated by. */
  heldOut: number;
  /** The share of held-out digits that are at least as unusual. */
  p(pixels: Uint8Array): Promise<number>;
  dispose(): Promise<void>;
}>;

/** A guard as `flowify guard` makes it, of fewer digits and without a choice of features: of all values together. */
export async function fitDigitGuard(
  executor: Executor,
  model: PretrainedModel,
  train: Uint8Array,
  { emit, signal }: CallContext<Progress>,
): Promise<DigitGuard> {
  emit({ stage: "digits through the network", done: 0, of: STEPS });
  const taps = await model.taps(train);
  const choices = featureChoices(
    taps,
    taps.map(({ rows }) => rows),
  );
  const features = choices.at(-1);
  if (!features) throw new Error("The activations of the network are the same for all digits.");
  const rowsOf = (of: typeof taps): Float32Array =>
    featureRows(
      features,
      of.map(({ rows }) => rows),
    );
  let told = 0;
  const onStep = (done: number): void => {
    if (performance.now() - told < TOLD) return;
    told = performance.now();
    emit({ stage: "training the detector", done, of: STEPS });
  };
  const columns = arrayColumns(features.width);
  const options = { form: "network", seed: 0, steps: STEPS, signal, onStep } as const;
  const { detector, calibrations } = await fitTableDetector(executor, rowsOf(taps), columns, options);
  const open = await openDetector(executor, detector);
  return {
    heldOut: calibrations.combination.scores.length,
    async p(pixels) {
      const { combination } = await open.score(rowsOf(await model.taps(pixels)), ["combination"]);
      return conformalP(calibrations.combination, combination[0] ?? Number.NaN);
    },
    dispose: open.dispose,
  };
}
