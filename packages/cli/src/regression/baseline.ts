import { normalQuantile, permutation } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { valueAt } from "../places.js";
import { rowOf, takeRows } from "../rows.js";
import { likeliest, meanOf } from "../statistics.js";
import { gaussianLog, type LinearGaussian, linearGaussian, linearMean } from "./linear-gaussian.js";
import { Predictive } from "./predictive.js";
import { repeatRows } from "./regression.js";
import type { TargetInTable } from "./table-regression.js";
import { atomOf, gridWidths, pickColumns } from "./table-regression.js";

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
  const apart = Math.log(1 - shares.reduce((a, b) => a + b, 0));
  const at = pointsOf(target, { shares, gaussian }, values[0] ?? 0, points);
  const widths = gridWidths(target, condition);
  const means = Array.from(values, (_, i) => linearMean(gaussian, rowOf(condition, i, width)));
  return {
    logProb: Array.from(values, (value, i) => {
      const atom = classes === undefined ? atomOf(target, value) : 0;
      return atom > 0
        ? Math.log(shares[atom - 1] as number)
        : apart + gaussianLog(value, means[i] as number, std, widths?.[i] ?? step);
    }),
    predictions: means.map(
      (mean) => new Predictive(Array.from({ length: points }, (_, place) => at(mean, place))),
    ),
  };
}

/** Each of so many equally likely values around a mean, by its place. `origin` is a place of the grid, where values lie on one. */
function pointsOf(
  target: TargetInTable,
  { shares, gaussian }: Baseline,
  origin: number,
  points: number,
): (mean: number, place: number) => number {
  const { step } = target.kind;
  const evenly = (values: readonly number[]): number[] =>
    values.flatMap((value, k) => new Array<number>(Math.round((shares[k] ?? 0) * points)).fill(value));
  if (gaussian === undefined) {
    const codes = evenly([...shares.keys()]);
    const usual = likeliest(shares);
    return (_, place) => codes[place] ?? usual;
  }
  const atoms = evenly(target.atoms);
  const rest = points - atoms.length;
  const around = Float64Array.from({ length: rest }, (_, i) => normalQuantile((i + 0.5) / rest));
  const onGrid = (value: number): number =>
    step === undefined ? value : origin + step * Math.round((value - origin) / step);
  return (mean, place) => atoms[place] ?? onGrid(mean + gaussian.std * valueAt(around, place - atoms.length));
}

/**
 * Equally likely values of each target in turn for each of the rows [n, width], as the run draws them: later targets see the values of those
 * before, not the true ones. [n · points] for each target.
 */
export async function baselineDraws(
  targets: readonly TargetInTable[],
  baselines: readonly Baseline[],
  rows: Float32Array,
  width: number,
  points: number,
): Promise<Float64Array[]> {
  const repeated = repeatRows(rows, width, points);
  const out: Float64Array[] = [];
  for (const [t, target] of targets.entries()) {
    const baseline = valueAt(baselines, t);
    const condition = await target.features.of(pickColumns(repeated, width, target.from));
    const size = target.features.width;
    const origin = [...pickColumns(rows, width, [target.place])].find((value) => !Number.isNaN(value)) ?? 0;
    const at = pointsOf(target, baseline, origin, points);
    const drawn = new Float64Array(repeated.length / width);
    for (let from = 0; from < drawn.length; from += points) {
      const order = permutation(makeRng(t, from), points);
      for (let s = 0; s < points; s++) {
        const row = rowOf(condition, from + s, size);
        const mean = baseline.gaussian ? linearMean(baseline.gaussian, row) : 0;
        drawn[from + s] = at(mean, valueAt(order, s));
      }
    }
    for (let i = 0; i < drawn.length; i++) repeated[i * width + target.place] = valueAt(drawn, i);
    out.push(drawn);
  }
  return out;
}
