import { valueAt } from "../places.js";
import { rowsIn } from "../rows.js";
import type { ValueKind } from "./network.js";
import { Predictive } from "./predictive.js";
import type { TableRegression } from "./table-regression.js";

/** Equally likely values of a prediction. */
export const POINTS = 256;

/** Rows that are predicted at once. */
export const AT_ONCE = 256;

/** What is predicted of a column in a row: of numbers their distribution, of classes the probability of each. */
export type Predicted = Predictive | Float64Array;

/** Of the values that were drawn for a row: of numbers their distribution, of classes their shares. */
export const predictedOf = ({ classes }: ValueKind, values: Float64Array): Predicted =>
  classes === undefined
    ? new Predictive(values)
    : Float64Array.from(
        { length: classes },
        (_, code) => values.filter((each) => each === code).length / values.length,
      );

/** Predictions of each target for encoded rows [n, width]. */
export async function predictRows(
  model: TableRegression,
  rows: Float32Array,
  seed: number,
): Promise<Predicted[][]> {
  const drawn = await model.draws(rows, POINTS, seed);
  const first = await model.firstProbabilities(rows);
  return model.targets.map(({ kind }, t) =>
    t === 0 && first
      ? rowsIn(first, kind.classes ?? 1)
      : rowsIn(valueAt(drawn, t), POINTS).map((values) => predictedOf(kind, values)),
  );
}
