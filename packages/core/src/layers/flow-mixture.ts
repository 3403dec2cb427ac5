import { numpy as np } from "@jax-js/jax";
import { type Base, standardNormal } from "../base.js";
import { type ChainLayer, chain, initChain } from "../chain.js";
import { ShapeError } from "../errors.js";
import { type ArrayTree, defineLayer, type FlowLayer } from "../layer.js";
import { splitKey } from "../math/keys.js";
import { logSumExp, oneOf } from "../math/numerics.js";
import type { NoiseSpec, NoiseTree } from "../noise.js";
import type { ParameterKinds } from "../params/parameter-kinds.js";
import { expectShape, sameShape, showShape } from "../shape.js";
import { defineKind } from "./kind.js";
import * as o from "./options.js";

const schemas = {
  /** The layers of each member. What the last of them leaves is standard normal. */
  members: o.chains,
};

/** Log weights [M], unnormalized, and the parameters of the members. */
export type FlowMixtureParams = { logits: np.Array; members: ArrayTree[] };

/** A member, what its last layer leaves, its place, and the condition that it sees. */
type Member = Readonly<{ part: ChainLayer; base: Base; m: number; given: np.Array | undefined }>;

const at = <T>(list: unknown, i: number): T => (list as T[])[i] as T;

/** Nothing is left: shape of z. */
const NONE = [0] as const;

/**
 * L = log Σ_m w_m p_m(x), a mixture of the densities of M flows, with weights w = softmax(logits). Nothing is left of x: z is
 * empty, so that the layer is the last of a flow, and L its log p.
 *
 * Exact where the members are. The inverse chooses a member by its weight, and draws from it. A condition goes to all
 * members that take one. Members start from the same data, with equal weights.
 *
 * Errors: `ShapeError` for fewer than two members, and for members that take examples of different shapes.
 * Source: McLachlan and Peel 2000, Finite Mixture Models, section 1.4; Smyth and Wolpert 1999 (stacked density estimation).
 *
 * @example
 * ```ts
 * import { flowMixture, gaussianMixture, rqSpline, whiten } from "@flowify/core/layers";
 *
 * const layer = flowMixture([[whiten([3]), rqSpline([3])], [gaussianMixture([3])]]);
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 3 ] [ 0 ] true
 * ```
 */
export function flowMixture(
  layers: readonly (readonly FlowLayer[])[],
): FlowLayer<FlowMixtureParams> & Readonly<{ parts: readonly ChainLayer[] }> {
  const name = "flowMixture";
  const parts = layers.map((own) => chain(own));
  const [first, second] = parts;
  if (!first || !second) throw new ShapeError(`${name}: needs two members at least, got ${parts.length}`);
  const { inShape } = first;
  for (const [m, part] of parts.entries())
    if (!sameShape(part.inShape, inShape))
      throw new ShapeError(
        `${name}: all members must take the same, the first has ${showShape(inShape)}, that of index ${m} ${showShape(part.inShape)}`,
      );
  const condition = parts.find((part) => part.condition)?.condition;
  const bases = parts.map((part) => standardNormal(part.outShape));
  /** Of each member, with its place in lists; the condition where it takes one, which is consumed. */
  const eachMember = <T>(given: np.Array | undefined, f: (member: Member) => T): T[] => {
    const results = parts.map((part, m) =>
      f({ part, base: at<Base>(bases, m), m, given: part.condition && given?.ref }),
    );
    given?.dispose();
    return results;
  };
  const layer = defineLayer<FlowMixtureParams>({
    name,
    inShape,
    outShape: NONE,
    exact: parts.every((part) => part.exact),
    ...(condition && { condition }),
    forwardNoise: parts.map((part) => part.forwardNoise) as NoiseSpec,
    inverseNoise: {
      choice: { shape: [1], distribution: "uniform" },
      bases: bases.map((base) => base.noise),
      members: parts.map((part) => part.inverseNoise),
    },
    parameterKinds: { members: parts.map((part) => part.parameterKinds) as ParameterKinds },
    frozenParameterKinds: {}, // z does not depend on any of them
    init: (key) => ({
      logits: np.zeros([parts.length]),
      members: splitKey(key, parts.length).map((own, m) => at<ChainLayer>(parts, m).init(own)),
    }),
    forward({ logits, members }, x, noise, condition) {
      expectShape(name, "x", x, inShape);
      const logs = eachMember(condition, ({ part, base, m, given }) => {
        const step = part.forward(at(members, m), x.ref, at(noise, m), given);
        return base.logProb(step.z).add(step.contribution);
      });
      const z = np.zeros([logs[0]?.shape[0] ?? 0, ...NONE], { dtype: x.dtype });
      x.dispose();
      const total = logSumExp(logits.ref, 0);
      return { z, contribution: logSumExp(np.stack(logs, 1).add(logits), 1).sub(total) };
    },
    inverse({ logits, members }, z, noise, condition) {
      expectShape(name, "z", z, NONE);
      z.dispose();
      const drawn = noise as { choice: np.Array; bases: NoiseTree; members: NoiseTree };
      const weights = np.broadcastTo(logits.reshape([-1, 1]), [parts.length, drawn.choice.shape[0] ?? 0]);
      const chosen = oneOf(weights, drawn.choice.reshape([1, -1])); // [M, B]
      const x = eachMember(condition, ({ part, base, m, given }) =>
        part.inverse(at(members, m), base.draw(at(drawn.bases, m)), at(drawn.members, m), given),
      ).reduce((all, own, m) => {
        const here = chosen.ref.slice([m, m + 1]).reshape([-1, ...inShape.map(() => 1)]);
        return np.where(np.greater(here, 0.5), own, all);
      });
      chosen.dispose();
      return x;
    },
    async initFromData(key, examples) {
      const keys = splitKey(key, parts.length);
      const members: ArrayTree[] = [];
      for (const [m, part] of parts.entries()) members.push(await initChain(part, at(keys, m), examples));
      return { logits: np.zeros([parts.length]), members };
    },
  });
  return Object.freeze({ ...layer, parts });
}

export const flowMixtureKind = defineKind({
  kind: "flowMixture",
  options: schemas,
  flow: (inShape, { members }, { build }) => flowMixture(members.map((layers) => build(layers, inShape))),
  outShape: () => NONE,
});
