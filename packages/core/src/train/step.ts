import { numpy as np, valueAndGrad } from "@jax-js/jax";
import type { Flow, FlowParams } from "../flow.js";
import type { NoiseTree } from "../noise.js";
import { treeDispose, treeFlatten, treeRef } from "../trees.js";
import { type AdamScalars, adamDirection, type Moments } from "./adam.js";
import type { Leaf } from "./leaves.js";
import { polish, retract, skewGradient } from "./orthogonal-step.js";

/**
 * The training step, in four pure functions: `gradient` (matrix products, of parts of the batch side by side),
 * `slope` (of the mean of the parts: directions of rotations, clipping), `update` (elementwise, over every number that
 * moves) and `retraction` (matrix products, orthogonal parameters only). They are separate because an executor can fuse what is
 * elementwise and do it in place. Each consumes what it is given. Parameters that move are named by their paths.
 */
export type ByPath<T = np.Array> = { [path: string]: T };

/** Scalars of one step, []. */
export type StepScalars = { euclidean: AdamScalars; orthogonal: AdamScalars };

/** Loss and gradients, of a batch or of a part of it: of equal parts, the means are those of the whole. */
export type GradientResult = {
  /** ∂loss/∂p of the parameters that move. */
  gradients: ByPath;
  /** −mean log p(x) in nats, []. */
  loss: np.Array;
};

/** Loss and gradients at the parameters. */
export function makeGradient(flow: Flow, leaves: readonly Leaf[]) {
  return (params: FlowParams, x: np.Array, noise: NoiseTree): GradientResult => {
    const { leaves: values, rebuild } = treeFlatten<np.Array>(params);
    const moving = leaves.flatMap(({ manifold }, i) => (manifold === "fixed" ? [] : [i]));
    const loss = (free: np.Array[]): np.Array => {
      const all = values.map((value) => value.ref);
      moving.forEach((i, k) => {
        all[i]?.dispose();
        all[i] = free[k] as np.Array;
      });
      return np.mean(flow.logProb(rebuild(all) as FlowParams, x.ref, treeRef(noise))).neg();
    };
    const free = moving.map((i) => (values[i] as np.Array).ref);
    const [value, raw] = valueAndGrad(loss)(free) as unknown as [np.Array, np.Array[]];
    treeDispose([values, noise]);
    x.dispose();
    const paths = moving.map((i) => (leaves[i] as Leaf).path);
    return { gradients: Object.fromEntries(paths.map((path, k) => [path, raw[k] as np.Array])), loss: value };
  };
}

/** The result of `makeGradient` of a batch from those of its equal parts. */
export const meanOfParts = (...parts: GradientResult[]): GradientResult => {
  const mean = (...arrays: np.Array[]): np.Array => arrays.reduce((a, b) => a.add(b)).mul(1 / parts.length);
  return {
    gradients: Object.fromEntries(
      Object.keys((parts[0] as GradientResult).gradients).map((path) => [
        path,
        mean(...parts.map(({ gradients }) => gradients[path] as np.Array)),
      ]),
    ),
    loss: mean(...parts.map(({ loss }) => loss)),
  };
};

/** What the update takes of a gradient. */
export type Slope = {
  /** The skew gradients of orthogonal parameters. */
  skew: ByPath;
  /** Global norm of all gradients, []. */
  gradNorm: np.Array;
  /** What clipping multiplies them with, min(1, clip / norm), []. */
  factor: np.Array;
};

/** Turns the gradients of orthogonal parameters into skew ones, and clips all to the global norm `clip` (Infinity: never). */
export function makeSlope(clip: number) {
  return (matrices: ByPath, gradients: ByPath): Slope => {
    const skew = Object.fromEntries(
      Object.entries(matrices).map(([path, r]) => [path, skewGradient(r, gradients[path] as np.Array)]),
    );
    const all = Object.entries(gradients).map(([path, g]) => skew[path]?.ref ?? g);
    const squares = all.map((g) => np.sum(np.square(g)));
    const norm = np.sqrt(squares.reduce((a, b) => a.add(b)));
    const factor =
      clip === Number.POSITIVE_INFINITY
        ? np.onesLike(norm.ref)
        : np.minimum(np.reciprocal(np.maximum(norm.ref, 1e-30)).mul(clip), 1);
    return { skew, gradNorm: norm, factor };
  };
}

/** Euclidean parameters and all moments: what the elementwise update replaces. */
export type Updated = { values: ByPath; moments: ByPath<Moments> };
export type UpdateResult = Updated & {
  /** Ω of every orthogonal parameter. */
  omegas: ByPath;
};

/** Adam's moments, the new Euclidean parameters, and the rotations Ω of the orthogonal ones. */
export function makeUpdate(leaves: readonly Leaf[]) {
  return (
    { values, moments }: Updated,
    /** The skew ones of orthogonal parameters. */
    gradients: ByPath,
    factor: np.Array,
    scalars: StepScalars,
  ): UpdateResult => {
    const result: UpdateResult = { values: {}, moments: {}, omegas: {} };
    for (const { path, manifold } of leaves) {
      if (manifold === "fixed") continue;
      const { rate, floor } = scalars[manifold];
      const gradient = (gradients[path] as np.Array).mul(factor.ref);
      const step = adamDirection(moments[path] as Moments, gradient, floor);
      result.moments[path] = step.moments;
      const move = step.direction.mul(rate.ref);
      if (manifold === "orthogonal") result.omegas[path] = move.neg();
      else result.values[path] = (values[path] as np.Array).sub(move);
    }
    factor.dispose();
    treeDispose(scalars);
    return result;
  };
}

/** R ← R exp(Ω) to second order for every orthogonal parameter; the largest of their departures adds to `drift`. */
export const retractAll = (
  matrices: ByPath,
  omegas: ByPath,
  drift: np.Array,
): { matrices: ByPath; drift: np.Array } => {
  const next: ByPath = {};
  let largest = np.zerosLike(drift.ref);
  for (const [path, r] of Object.entries(matrices)) {
    const step = retract(r, omegas[path] as np.Array);
    next[path] = step.r;
    largest = np.maximum(largest, step.drift);
  }
  return { matrices: next, drift: drift.add(largest) };
};

/** The running average of the parameters that move: average ← decay · average + (1 − decay) · value. */
export const averageAll = (average: ByPath, values: ByPath, decay: np.Array): ByPath => {
  const rest = np.subtract(1, decay.ref);
  const next = Object.fromEntries(
    Object.entries(average).map(([path, mean]) => [
      path,
      mean.mul(decay.ref).add((values[path] as np.Array).mul(rest.ref)),
    ]),
  );
  decay.dispose();
  rest.dispose();
  return next;
};

/**
 * Decay of the weight average at step t = 0, 1, …: the wanted one, but shorter at first,
 * (1 + t) / (10 + t), so that the start values do not stay in the average of a short run.
 */
export const averageDecay = (decay: number, t: number): number => Math.min(decay, (1 + t) / (10 + t));

/**
 * Polishes orthogonal parameters: takes their accumulated departure away. Twice: the longest step
 * that is ever taken departs by 0.06, of which one polish leaves 3e-3 and two leave 6e-6.
 */
export const polishAll = (matrices: ByPath): ByPath =>
  Object.fromEntries(Object.entries(matrices).map(([path, r]) => [path, polish(polish(r))]));
