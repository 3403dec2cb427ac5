import { valueAt } from "../places.js";
import { rowOf, takeRows } from "../rows.js";
import { meanOf } from "../statistics.js";
import {
  gaussianLog,
  gaussianPredictive,
  type LinearGaussian,
  linearGaussian,
  linearMean,
} from "./linear-gaussian.js";
import { Predictive } from "./predictive.js";
import type { TargetInTable } from "./table-regression.js";
import { atomOf } from "./table-regression.js";

/**
 * What a column is compared with: the shares of its classes, or of its atoms, and of its other values a Gaussian with a linear
 * mean and a constant spread.
 */
export type Baseline = Readonly<{ shares: readonly number[]; gaussian?: LinearGaussian | undefined }>;

/** How often each class occurs, or each atom. */
function fitShares(target: TargetInTable, values: Float32Array) {
  const { classes } = target.kind;
  const which = (value: number): number => (classes === undefined ? atomOf(target, value) - 1 : value);
  const counts = new Array<number>(classes ?? target.atoms.length).fill(classes === undefined ? 0 : 1);
  for (const value of values)
    if (which(value) >= 0) counts[which(value)] = (counts[which(value)] as number) + 1;
  const all = values.length + (classes ?? 0);
  return { shares: counts.map((found) => found / all), which };
}

/** Of values, and what flows see of the columns that they are predicted from [n, width]. */
export function fitBaseline(target: TargetInTable, values: Float32Array, condition: Float32Array): Baseline {
  const { width } = target.features;
  const { shares, which } = fitShares(target, values);
  if (target.kind.classes !== undefined) return { shares };
  const others = [...values.keys()].filter((i) => which(values[i] as number) < 0);
  const given = others.flatMap((i) => [...rowOf(condition, i, width)]);
  return {
    shares,
    gaussian: linearGaussian(given, width, takeRows(values, 1, others)),
  };
}

/** A value of the past, the sum of some features of the condition, with a Gaussian around it. */
export function lagBaseline(
  target: TargetInTable,
  values: Float32Array,
  condition: Float32Array,
  features: readonly number[],
): Baseline {
  const { width } = target.features;
  const { shares } = fitShares(target, values);
  const places = [...new Array(width).keys()];
  const apart = [...values.keys()].filter((i) => atomOf(target, valueAt(values, i)) === 0);
  const pastOf = (i: number): number =>
    features.reduce((sum, k) => sum + valueAt(condition, i * width + k), 0);
  const squares = apart.map((i) => (valueAt(values, i) - pastOf(i)) ** 2);
  return {
    shares,
    gaussian: {
      level: 0,
      slope: places.map((k) => Number(features.includes(k))),
      middle: places.map(() => 0),
      spread: places.map((k) => (features.includes(k) ? 1 : null)),
      std: Math.sqrt(meanOf(squares)) || 1e-6,
    },
  };
}

/** log p of each value, and its distribution as equally likely values; of classes none. */
export function baselinePredictions(
  target: TargetInTable,
  { shares, gaussian }: Baseline,
  values: Float32Array,
  condition: Float32Array,
  points: number,
): { logProb: number[]; predictions: Predictive[] } {
  const { width } = target.features;
  const { step, classes } = target.kind;
  if (gaussian === undefined)
    return { logProb: Array.from(values, (value) => Math.log(shares[value] ?? 0)), predictions: [] };
  const { std } = gaussian;
  const atoms = target.atoms.flatMap((atom, k) =>
    new Array<number>(Math.round((shares[k] as number) * points)).fill(atom),
  );
  const apart = Math.log(1 - shares.reduce((a, b) => a + b, 0));
  const onGrid = (value: number): number => {
    const origin = values[0] ?? 0;
    return step === undefined ? value : origin + step * Math.round((value - origin) / step);
  };
  const means = Array.from(values, (_, i) => linearMean(gaussian, rowOf(condition, i, width)));
  return {
    logProb: Array.from(values, (value, i) => {
      const atom = classes === undefined ? atomOf(target, value) : 0;
      return atom > 0
        ? Math.log(shares[atom - 1] as number)
        : apart + gaussianLog(value, means[i] as number, std, step);
    }),
    predictions: means.map(
      (mean) =>
        new Predictive([
          ...atoms,
          ...Array.from(gaussianPredictive(mean, std, points - atoms.length).points, onGrid),
        ]),
    ),
  };
}
