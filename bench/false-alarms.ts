import { permutation } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { calibrationOf, conformalP } from "flowify/tables";

/** Fewer held-out rows tell nothing about rare false alarms. */
const FEWEST = 500;

/** Parts of the held-out rows: each is judged by the scores of the others. */
const PARTS = 10;

const LEVELS = [0.01, 0.05] as const;

/** Half of what lies outside of a 99 % interval. */
const TAIL = 0.005;

/** How many of so many held-out normal rows were flagged at each level, and the 99 % interval of a binomial. */
export type FalseAlarms = Readonly<{
  rows: number;
  rates: readonly Readonly<{
    level: number;
    rate: number;
    interval: readonly [low: number, high: number];
    inside: boolean;
  }>[];
}>;

/** The share of rows of p-values of at most each level: a tenth of the rows at a time, calibrated on the others. */
export function falseAlarmsOf(heldOut: Float64Array, seed: number): FalseAlarms | undefined {
  const rows = heldOut.length;
  if (rows < FEWEST) return undefined;
  const order = permutation(makeRng(seed, 1), rows);
  const flagged = LEVELS.map(() => 0);
  for (let part = 0; part < PARTS; part++) {
    const scoresOf = (mine: boolean): number[] =>
      Array.from(order)
        .filter((_, i) => (i % PARTS === part) === mine)
        .map((row) => heldOut[row]!);
    const calibration = calibrationOf(0, scoresOf(false));
    for (const score of scoresOf(true)) {
      const p = conformalP(calibration, score);
      LEVELS.forEach((level, i) => {
        if (p <= level) flagged[i]!++;
      });
    }
  }
  const rates = LEVELS.map((level, i) => {
    const interval = binomialInterval(rows, level);
    const count = flagged[i]!;
    return {
      level,
      rate: count / rows,
      interval: [interval[0] / rows, interval[1] / rows] as const,
      inside: count >= interval[0] && count <= interval[1],
    };
  });
  return { rows, rates };
}

export const showFalseAlarms = ({ rates }: FalseAlarms): string =>
  rates
    .map(
      ({ level, rate, interval: [low, high], inside }) =>
        `false alarms at ${100 * level} %: ${(100 * rate).toFixed(2)} % (${(100 * low).toFixed(2)} to ${(100 * high).toFixed(2)})${inside ? "" : " OUTSIDE"}`,
    )
    .join(", ");

/** The counts between the 0.5 % and the 99.5 % quantile of a binomial. */
export function binomialInterval(n: number, p: number): [low: number, high: number] {
  let log = n * Math.log1p(-p);
  let [below, low] = [0, -1];
  for (let count = 0; count <= n; count++) {
    below += Math.exp(log);
    if (low < 0 && below > TAIL) low = count;
    if (below >= 1 - TAIL) return [low, count];
    log += Math.log((n - count) / (count + 1)) + Math.log(p / (1 - p));
  }
  return [Math.max(low, 0), n];
}
