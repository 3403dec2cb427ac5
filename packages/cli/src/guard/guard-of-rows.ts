import type { Executor } from "@flowify/core";
import { conformalP } from "../detect/calibration.js";
import { arrayColumns, type DetectorOptions, openDetector } from "../detect/detector.js";
import { fitTableDetector } from "../detect/table-detector.js";
import { featureChoices, featureRows } from "./features.js";
import type { Tap } from "./taps.js";

/** A value of a network for some examples, one after another. */
type Seen = Readonly<{ rows: Float32Array }> & Pick<Tap, "name" | "width">;

/** A guard as `fitGuard` makes it, without a choice of features: of all values together, for which a caller runs the network. */
export async function guardOfRows(executor: Executor, training: readonly Seen[], options: DetectorOptions) {
  const rowsOf = (values: readonly Seen[]): Float32Array[] => values.map(({ rows }) => rows);
  const features = featureChoices(training, rowsOf(training)).at(-1);
  if (!features) throw new Error("The values of the network are the same for all examples.");
  const { detector, calibrations } = await fitTableDetector(
    executor,
    featureRows(features, rowsOf(training)),
    arrayColumns(features.width),
    { form: "network", ...options },
  );
  const open = await openDetector(executor, detector);
  return {
    /** Examples that it is calibrated by. */
    heldOut: calibrations.combination.scores.length,
    /** The share of held-out examples that are at least as unusual as one with such values. */
    async p(values: readonly Seen[]): Promise<number> {
      const { combination } = await open.score(featureRows(features, rowsOf(values)), ["combination"]);
      return conformalP(calibrations.combination, combination[0] ?? Number.NaN);
    },
    dispose: open.dispose,
  };
}
