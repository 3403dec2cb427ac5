import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { calibrationOf, conformalP } from "../detect/calibration.js";
import { summaries } from "./filled-rows.js";
import { type Scaling, scaled } from "./scaling.js";
import type { Simulated } from "./simulate.js";

/** How far an observation lies from the simulated ones. */
export type Typicality = Readonly<{
  /** A p-value: of simulations, at most this share lies as far from all others. */
  p: number;
  /** What to say where it lies farther than any simulation. */
  note: string | undefined;
}>;

/** Simulations that judge, the neighbour whose distance counts, and the most simulations to look among. */
const [JUDGES, K, MOST] = [500, 5, 10_000] as const;
/** An observation that lies so many times as far as the farthest simulation is outside. */
const FAR = 1.5;
/** Least variance along a principal direction, as a part of the largest one. */
const LEAST = 1e-6;

/** Typicality among simulations, of conditions; of rows how many there are, and the mean and spread of each of their numbers. */
export function typicalityOf(
  { observations, observationSize }: Simulated,
  scaling: Scaling,
): (condition: Float32Array) => Typicality {
  const all = scaled(observations, scaling);
  const { rows } = scaling;
  if (!rows) return typicalityAmong(all, observationSize);
  const among = typicalityAmong(summaries(all, rows), 2 * rows[1] + 1);
  return (condition) => among(summaries(condition, rows));
}

/**
 * Typicality among simulated observations [n, size]: the distance to the fifth nearest one, in their principal directions of
 * equal variance. Some of them are held out of the search, to judge the distance by.
 */
function typicalityAmong(rows: Float32Array, size: number): (observed: Float32Array) => Typicality {
  const count = Math.min(rows.length / size, MOST + JUDGES);
  const matrix = Matrix.from1DArray(count, size, rows.subarray(0, count * size));
  const centre = matrix.mean("column");
  matrix.subRowVector(centre);
  const { realEigenvalues: variances, eigenvectorMatrix: directions } = new EigenvalueDecomposition(
    matrix.transpose().mmul(matrix).div(count),
    { assumeSymmetric: true },
  );
  const least = LEAST * Math.max(...variances) || 1;
  const whiten = (x: Matrix): number[][] =>
    x
      .mmul(directions)
      .divRowVector(variances.map((variance) => Math.sqrt(Math.max(variance, least))))
      .to2DArray();
  const all = whiten(matrix);
  const held = Math.min(JUDGES, Math.floor(count / 4));
  const others = all.slice(held);
  const distance = (x: readonly number[]): number => {
    const nearest = new Array<number>(Math.min(K, others.length)).fill(Number.POSITIVE_INFINITY);
    for (const other of others) {
      let sum = 0;
      const most = nearest.at(-1) as number;
      for (let k = 0; k < size && sum < most; k++) sum += ((x[k] as number) - (other[k] as number)) ** 2;
      if (sum >= most) continue;
      nearest[nearest.length - 1] = sum;
      nearest.sort((a, b) => a - b);
    }
    return Math.sqrt(nearest.at(-1) as number);
  };
  const judges = calibrationOf(0, all.slice(0, held).map(distance));
  return (observed) => {
    const x = Matrix.rowVector(Array.from(observed)).subRowVector(centre);
    const far = distance(whiten(x)[0] as number[]);
    const outside = far > FAR * (judges.scores.at(-1) as number);
    return {
      p: conformalP(judges, far),
      note: outside
        ? `the observation lies outside of everything simulated: ${(far / (judges.scores.at(-1) as number)).toPrecision(2)} times as far as any of ${held} simulations from the others. The posterior is a guess there: widen the prior, or mend the simulator`
        : undefined,
    };
  };
}
