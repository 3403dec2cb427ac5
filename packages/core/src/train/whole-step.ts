import { numpy as np } from "@jax-js/jax";
import { ArraySpec } from "../executor/executor.js";
import type { Flow, FlowParams } from "../flow.js";
import { named, nth } from "../lists.js";
import { shapeKey } from "../math/keys.js";
import type { NoiseTree } from "../noise.js";
import { parameterPaths } from "../params/parameter-paths.js";
import { treeDispose, treeFlatten, treeRef } from "../params/pytree.js";
import { trainingDefaults as defaults } from "./options.js";
import { pickByKind } from "./programs.js";
import {
  type ByPath,
  makeUpdate,
  makeWholeDescent,
  reorthogonalizeAll,
  retractAll,
  type StepScalars,
} from "./step.js";

/** What a step replaces: parameters, Adam's moments by path, and how far orthogonal matrices may have departed. */
type StepState = { params: FlowParams; first: ByPath; second: ByPath; drift: np.Array };

/**
 * The step that a trainer takes, as a pure function of the whole state, for those who compute it elsewhere: loss,
 * gradient clipped to the norm `clip`, Adam's update, retraction. A trainer splits it in three, and leaves the state as
 * it was where the loss is not finite.
 */
export function trainingStep(flow: Flow, { clip = defaults.clip }: { clip?: number } = {}) {
  const params = flow.init(shapeKey());
  const leaves = parameterPaths(params, flow.parameterKinds);
  const { leaves: arrays, rebuild } = treeFlatten<np.Array>(params);
  const specs = arrays.map(({ shape, dtype }) => new ArraySpec(shape, dtype));
  treeDispose(params);
  const moments = pickByKind(leaves, specs, "euclidean", "orthogonal");
  const update = makeUpdate(leaves);
  return {
    /** Loss in nats and norm of the gradient, [], before the step, and the state after it. Consumes all. */
    step: (x: np.Array, noise: NoiseTree, scalars: StepScalars, state: StepState) => {
      const values = treeFlatten<np.Array>(state.params).leaves;
      const at = makeWholeDescent(flow, leaves, clip)(treeRef(state.params), x, noise);
      const now = {
        values: pickByKind(leaves, values, "euclidean"),
        moments: Object.fromEntries(
          Object.keys(moments).map((path) => [
            path,
            { first: named(state.first, path), second: named(state.second, path) },
          ]),
        ),
      };
      const updated = update(now, at.gradients, at.factor, scalars);
      const matrices = pickByKind(leaves, values, "orthogonal");
      const turned = retractAll(matrices, updated.omegas, state.drift);
      const moved = { ...updated.values, ...turned.matrices };
      const moment = (name: "first" | "second"): ByPath =>
        Object.fromEntries(
          Object.entries(updated.moments).flatMap(([path, { [name]: array }]) =>
            array ? [[path, array]] : [],
          ),
        );
      return {
        loss: at.loss,
        gradNorm: at.gradNorm,
        next: {
          params: rebuild(leaves.map(({ path }, i) => moved[path] ?? nth(values, i))) as FlowParams,
          first: moment("first"),
          second: moment("second"),
          drift: turned.drift,
        },
      };
    },
    /** Takes the departure of the orthogonal matrices away, once `drift` has passed `DRIFT_LIMIT`; consumes them. */
    reorthogonalize: (matrices: { params: ByPath }) => ({
      next: { params: reorthogonalizeAll(matrices.params), drift: np.zeros([]) },
    }),
    /** The trees of the arguments: `state`, in the names of a `TrainingState`, and the orthogonal matrices of it. */
    state: {
      params: rebuild(specs),
      first: moments,
      second: moments,
      drift: new ArraySpec([], np.float32),
    },
    matrices: { params: pickByKind(leaves, specs, "orthogonal") },
  };
}
