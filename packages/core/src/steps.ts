import type { JsTree, numpy as np } from "@jax-js/jax";
import type { Shape } from "./shape.js";

/** A network inside of a layer: `run` takes its parameters and a context [1, …shape], and consumes both. */
export type StepNetwork = Readonly<{
  params: JsTree<np.Array>;
  shape: Shape;
  run(params: JsTree<np.Array>, context: np.Array): np.Array[];
}>;

/**
 * An elementary map of the numbers of one example, row-major. Programs with other numbers than floats read a layer as a
 * list of them: lossless compression computes on a grid.
 */
export type Step = Readonly<
  /** z = x · factors, which repeat for further rows; factors are positive. */
  | { step: "scale"; factors: np.Array }
  /** z = x + by, which repeats for further rows. */
  | { step: "shift"; by: np.Array }
  /** Rows of n numbers times an orthogonal matrix [n, n]. */
  | { step: "turn"; matrix: np.Array }
  /** z[i] = x[from[i]], a permutation. */
  | { step: "move"; from: readonly number[] }
  /** z[i] = x[from[i]], and noise where that is −1: normal of this standard deviation, or uniform on [−½, ½). */
  | { step: "append"; from: readonly number[]; noise: number | "uniform" }
  /** Numbers leave. Of those that stay, `after` makes the context; `density` returns weights, means and stds of a mixture of normals. */
  | {
      step: "drop";
      dropped: readonly number[];
      kept: readonly number[];
      after: readonly Step[];
      density: StepNetwork;
    }
  /** The first numbers stay, and their network returns the numbers that are added to the others. */
  | { step: "translate"; kept: number; network: StepNetwork }
  /**
   * The first numbers stay, and their network returns a spline for each of the others: the knots of `splineKnots` within ± bound, and
   * maybe the centre and the factor of a line in front of each.
   */
  | { step: "bend"; kept: number; network: StepNetwork; bins: number; bound: number }
  /**
   * Each number through its own spline, of a table [M, K + 2, 6] of `entryCurves`. With `range`, the interval of its
   * channel goes to [0, 1] in front, and [0, 1] to ± bound behind.
   */
  | {
      step: "curves";
      table: np.Array;
      bins: number;
      splineOf(i: number): number;
      range?: Readonly<{ low: np.Array; length: np.Array; bound: number; channelOf(i: number): number }>;
    }
  /** (x + u) / levels; the network of x returns splines within ± ½ that bend uniform noise to u − ½. */
  | { step: "dequantize"; levels: number; network: StepNetwork; bins: number }
>;
