import { numpy as np, valueAndGrad } from "@jax-js/jax";
import type { Flow, FlowParams } from "../flow.js";
import type { NoiseTree } from "../noise.js";
import { treeDispose, treeFlatten, treeRef } from "../trees.js";
import { type AdamScalars, adamDirection, type Moments } from "./adam.js";
import type { Leaf } from "./leaves.js";
import { orthogonalStep, polish } from "./orthogonal-step.js";

/**
 * What training carries from step to step on the device. With `step` and `seed` it is everything:
 * data order and noise are functions of these two.
 *
 * `moments` has an entry for every parameter that moves, by path; `average` only with weight averaging.
 */
export type DeviceState = {
  params: FlowParams;
  moments: { [path: string]: Moments };
  /** Bound of the orthogonal parameters' departure since they were last polished, []. */
  drift: np.Array;
  average: { [path: string]: np.Array };
};

/** Scalars of one step, []. */
export type StepScalars = { euclidean: AdamScalars; orthogonal: AdamScalars };

export type StepOptions = {
  /** Gradients are scaled down to this global norm (of Euclidean gradients and skew ones). Infinity: never. */
  clip: number;
  /** Decay of the weight average a step, 0 for none. */
  ema: number;
};

export type StepResult = { state: DeviceState; loss: np.Array; gradNorm: np.Array };

/**
 * The pure training step: loss = −mean log p(x), its gradient, clipping, Adam for Euclidean
 * parameters, `orthogonalStep` for orthogonal ones. Consumes everything.
 */
export function makeTrainStep(flow: Flow, leaves: readonly Leaf[], { clip, ema }: StepOptions) {
  return (state: DeviceState, x: np.Array, noise: NoiseTree, scalars: StepScalars): StepResult => {
    const { leaves: values, rebuild } = treeFlatten<np.Array>(state.params);
    const moving = leaves.map((leaf) => leaf.manifold !== "fixed");
    const withFree = (free: readonly np.Array[]): FlowParams => {
      let next = 0;
      const all = values.map((fixed, i) => (moving[i] ? (free[next++] as np.Array) : fixed.ref));
      return rebuild(all) as FlowParams;
    };
    const loss = (free: np.Array[]): np.Array =>
      np.mean(flow.logProb(withFree(free), x.ref, treeRef(noise))).neg();
    const free = values.filter((_, i) => moving[i]);
    const [value, gradients] = valueAndGrad(loss)(free.map((v) => v.ref)) as unknown as [
      np.Array,
      np.Array[],
    ];
    x.dispose();
    treeDispose(noise);
    const { factor, norm } = clipFactor(gradients, clip);
    const scaled = factor ? gradients.map((g) => g.mul(factor.ref)) : gradients;
    factor?.dispose();

    const params: np.Array[] = [];
    const moments: DeviceState["moments"] = {};
    const average: DeviceState["average"] = {};
    let drift = state.drift;
    let next = 0;
    leaves.forEach(({ path, manifold }, i) => {
      const old = values[i] as np.Array;
      if (manifold === "fixed") {
        params.push(old);
        return;
      }
      const gradient = scaled[next++] as np.Array;
      const before = state.moments[path] as Moments;
      if (manifold === "orthogonal") {
        const step = orthogonalStep(old, gradient, before, scalars.orthogonal);
        params.push(step.r);
        moments[path] = step.moments;
        drift = drift.add(step.drift);
      } else {
        const step = adamDirection(before, gradient, scalars.euclidean.floor);
        params.push(old.sub(step.direction.mul(scalars.euclidean.rate.ref)));
        moments[path] = step.moments;
      }
      const mean = state.average[path];
      if (mean) average[path] = mean.mul(ema).add((params[params.length - 1] as np.Array).ref.mul(1 - ema));
    });
    treeDispose(scalars);
    return {
      state: {
        params: rebuild(params) as FlowParams,
        moments,
        drift,
        average,
      },
      loss: value,
      gradNorm: norm,
    };
  };
}

/** min(1, clip / ‖g‖) over all gradients together, and the norm. Borrows the gradients. */
function clipFactor(gradients: readonly np.Array[], clip: number): { factor?: np.Array; norm: np.Array } {
  const squares = gradients.map((g) => np.sum(np.square(g.ref)));
  const norm = np.sqrt(squares.reduce((a, b) => a.add(b)));
  if (clip === Infinity) return { norm };
  return { factor: np.minimum(np.reciprocal(np.maximum(norm.ref, 1e-30)).mul(clip), 1), norm };
}

/**
 * Polishes orthogonal parameters: takes their accumulated departure away. Twice: the longest step
 * that is ever taken departs by 0.06, of which one polish leaves 3e-3 and two leave 6e-6.
 */
export const polishAll = (matrices: np.Array[]): np.Array[] => matrices.map((r) => polish(polish(r)));
