import { numpy as np, valueAndGrad } from "@jax-js/jax";
import type { Flow, FlowParams } from "../flow.js";
import { named, nth } from "../lists.js";
import type { NoiseTree } from "../noise.js";
import type { TrainedPath } from "../params/parameter-paths.js";
import { treeDispose, treeFlatten, treeRef } from "../params/pytree.js";
import { type AdamScalars, adamDirection, type Moments } from "./adam.js";
import { muonMomentum } from "./muon.js";
import { reorthogonalize, retract, skewGradient } from "./orthogonal-step.js";

/**
 * The training step, in pure functions: `gradient` (matrix products; of parts of the batch, side by side),
 * `descent` (their sum, clipping; one program with the gradient where the batch has one part), `update`
 * (elementwise, over every number that moves), `retraction` (matrix products, orthogonal parameters only) and `muon`
 * (matrix products, kernels of convolutions only). They are separate because an executor can fuse what is elementwise and
 * do it in place. Each consumes what it is given. Parameters that move are named by their paths.
 */
export type ByPath<T = np.Array> = { [path: string]: T };

/** Scalars of one step, []. */
export type StepScalars = { euclidean: AdamScalars; orthogonal: AdamScalars };

/** What the products behind the update move by: Ω of every orthogonal parameter, the momentum of every kernel of Muon. */
type Moves = { omegas: ByPath; momenta: ByPath };

/** Loss and gradients at the parameters; those of the parts of a batch add up to those of the whole. */
export type GradientResult = {
  /** ∂loss/∂p of the parameters that move, skew for orthogonal ones. */
  gradients: ByPath;
  /** −mean log p(x) in nats, []. */
  loss: np.Array;
};

/**
 * Loss and gradients of some examples of a batch, which are this share of it: a half, all of them. The gradient of an
 * orthogonal parameter is the skew one, which is linear: those of parts add up, and beside the products that make it, few
 * examples make it in less than n³.
 */
export function makeGradient(flow: Flow, leaves: readonly TrainedPath[], share = 1) {
  return (params: FlowParams, x: np.Array, noise: NoiseTree, condition?: np.Array): GradientResult => {
    const { leaves: values, rebuild } = treeFlatten<np.Array>(params);
    const moving = leaves.flatMap(({ kind }, i) => (kind === "fixed" ? [] : [i]));
    const loss = (free: np.Array[]): np.Array => {
      const all = values.map((value) => value.ref);
      moving.forEach((i, k) => {
        all[i]?.dispose();
        all[i] = nth(free, k);
      });
      const mean = np.mean(flow.logProb(rebuild(all) as FlowParams, x.ref, treeRef(noise), condition?.ref));
      return share === 1 ? mean.neg() : mean.mul(-share);
    };
    const free = moving.map((i) => nth(values, i).ref);
    const [value, raw] = valueAndGrad(loss)(free) as unknown as [np.Array, np.Array[]];
    const gradients = moving.map((i, k): [string, np.Array] => {
      const { path, kind } = nth(leaves, i);
      return [path, kind === "orthogonal" ? skewGradient(nth(values, i).ref, nth(raw, k)) : nth(raw, k)];
    });
    treeDispose([values, noise]);
    x.dispose();
    condition?.dispose();
    return { gradients: Object.fromEntries(gradients), loss: value };
  };
}

/** What the update takes: the gradients of the whole batch, and how much to clip. */
export type DescentResult = GradientResult & {
  /** Global norm of all gradients, before clipping, []. */
  gradNorm: np.Array;
  /** What clipping multiplies them with, min(1, clip / norm), []. */
  factor: np.Array;
};

/** Adds the parts of a batch up. */
export const addParts = (...parts: GradientResult[]): GradientResult => {
  const sum = (of: (part: GradientResult) => np.Array): np.Array => parts.map(of).reduce((a, b) => a.add(b));
  const paths = Object.keys((parts[0] as GradientResult).gradients);
  return {
    gradients: Object.fromEntries(paths.map((path) => [path, sum((part) => named(part.gradients, path))])),
    loss: sum((part) => part.loss),
  };
};

/** Adds the parts of a batch up, and clips the gradients to the global norm `clip` (Infinity: never). */
export function makeDescent(clip: number) {
  return (...parts: GradientResult[]): DescentResult => {
    const { gradients, loss } = addParts(...parts);
    const squares = Object.values(gradients).map((g) => np.sum(np.square(g.ref)));
    const norm = np.sqrt(squares.reduce((a, b) => a.add(b)));
    const factor =
      clip === Number.POSITIVE_INFINITY
        ? np.onesLike(norm.ref)
        : np.minimum(np.reciprocal(np.maximum(norm.ref, 1e-30)).mul(clip), 1);
    return { gradients, loss, gradNorm: norm, factor };
  };
}

/** The sum of the squares of each gradient, [K], of the parameters of one process of several. */
export const squaresOf = (gradients: ByPath): np.Array =>
  np.stack(
    Object.values(gradients).map((g) => np.sum(np.square(g))),
    0,
  );

/** Both in one program, for a batch that is computed as a whole. */
export function makeWholeDescent(flow: Flow, leaves: readonly TrainedPath[], clip: number) {
  const [gradient, descent] = [makeGradient(flow, leaves), makeDescent(clip)];
  return (params: FlowParams, x: np.Array, noise: NoiseTree, condition?: np.Array): DescentResult =>
    descent(gradient(params, x, noise, condition));
}

/** Euclidean parameters and all moments: what the elementwise update replaces. */
export type Updated = { values: ByPath; moments: ByPath<Moments> };
export type UpdateResult = Updated & Moves;

/** New moments, the new Euclidean parameters, the rotations Ω of the orthogonal ones and the momenta of kernels. */
export function makeUpdate(leaves: readonly TrainedPath[]) {
  return (
    { values, moments }: Updated,
    gradients: ByPath,
    factor: np.Array,
    scalars: StepScalars,
  ): UpdateResult => {
    const result: UpdateResult = { values: {}, moments: {}, omegas: {}, momenta: {} };
    for (const { path, kind } of leaves) {
      if (kind === "fixed") continue;
      const gradient = named(gradients, path).mul(factor.ref);
      const { first, second } = named(moments, path);
      if (kind === "kernel" || second === undefined) {
        const momentum = muonMomentum(first, gradient);
        result.moments[path] = { first: momentum.first };
        result.momenta[path] = momentum.ahead;
        continue;
      }
      const { rate, floor } = scalars[kind];
      const step = adamDirection({ first, second }, gradient, floor);
      result.moments[path] = step.moments;
      const move = step.direction.mul(rate.ref);
      if (kind === "orthogonal") result.omegas[path] = move.neg();
      else result.values[path] = named(values, path).sub(move);
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
    const step = retract(r, named(omegas, path));
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
      mean.mul(decay.ref).add(named(values, path).mul(rest.ref)),
    ]),
  );
  decay.dispose();
  rest.dispose();
  return next;
};

/**
 * Decay of the weight average at step t = 0, 1, …: the wanted one, but shorter at first,
 * (1 + t) / (10 + t), so that the initial values do not stay in the average of a short run.
 */
export const averageDecay = (decay: number, t: number): number => Math.min(decay, (1 + t) / (10 + t));

/** Takes the departure of orthogonal parameters away, one Newton–Schulz step. */
export const reorthogonalizeAll = (matrices: ByPath): ByPath =>
  Object.fromEntries(Object.entries(matrices).map(([path, r]) => [path, reorthogonalize(r)]));
