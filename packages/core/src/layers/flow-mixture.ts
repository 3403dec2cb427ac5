import { type JsTree, numpy as np, tree } from "@jax-js/jax";
import { type Base, standardNormal } from "../base.js";
import { type ChainLayer, chain } from "../chain.js";
import { ShapeError } from "../errors.js";
import { type CalibrationData, conditionOf } from "../init/calibration-data.js";
import { LOWEST, losingMembers, stackedWeights } from "../init/stacked-weights.js";
import { type ArrayTree, defineLayer, type FlowLayer } from "../layer.js";
import { splitKey } from "../math/keys.js";
import { logSumExp, oneOf } from "../math/numerics.js";
import type { NoiseSpec, NoiseTree } from "../noise.js";
import * as o from "../options.js";
import { floats, fromHost } from "../params/host.js";
import type { HostArray } from "../params/host-array.js";
import type { ParameterKinds } from "../params/parameter-paths.js";
import { treeMap } from "../params/pytree.js";
import { countOf, expectShape, sameShape, showShape } from "../shape.js";
import { defineKind } from "./kind.js";
import { examplesFor, FIRST, type Started, startedMembers } from "./started-members.js";

const schemas = {
  /** The first so many members keep their initial values in training. Default 0. */
  fixed: o.optional(o.index),
  /** Weights start as those under which held-out examples are most likely. Default false: equal ones. */
  stacked: o.optional(o.flag),
};
export type FlowMixtureOptions = o.Options<typeof schemas>;

/** A part of the examples is held out; of fewer examples each part in turn, and another beginning may fit better. */
const FEW = 1000;
const FOLDS = 4;

/** A stacked weight is e to so many times its logit, so that steps of training can move it. */
const SPEED = 30;

/** Share of the weights that members to be trained have at least together: one without any would learn nothing. */
const LEAST_SHARE = 0.01;
/** Least weight, of that of the first member, of one that is fitted once more. */
const LEAST_AGAIN = 1e-3;

/** Log weights [M], unnormalized, and the parameters of the members. */
export type FlowMixtureParams = { logits: np.Array; members: ArrayTree[] };

/** The same on the host. */
type HostParams = Readonly<{ logits: { data: Float32Array }; members: JsTree<HostArray>[] }>;

/** A member, what its last layer leaves, its place, and the condition that it sees. */
type Member = Readonly<{ part: ChainLayer; base: Base; m: number; given: np.Array | undefined }>;

const at = <T>(list: unknown, i: number): T => (list as T[])[i] as T;

/** Nothing is left: shape of z. */
const NONE = [0] as const;

/**
 * L = log Σ_m w_m p_m(x), a mixture of the densities of M flows, with weights w = softmax(logits), or of 30 times the logits where it is stacked. Nothing is left of x: z is
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
  options: FlowMixtureOptions = {},
): FlowLayer<FlowMixtureParams> & Readonly<{ parts: readonly ChainLayer[] }> {
  const name = "flowMixture";
  const parts = (Array.isArray(layers) ? layers : []).map((own) => chain(own));
  const [first, second] = parts;
  if (!first || !second) throw new ShapeError(`${name}: needs two members at least, got ${parts.length}`);
  const { inShape } = first;
  const { fixed = 0, stacked = false } = o.checked(name, inShape, options, schemas);
  for (const [m, part] of parts.entries())
    if (!sameShape(part.inShape, inShape))
      throw new ShapeError(
        `${name}: all members must take the same, the first has ${showShape(inShape)}, that of index ${m} ${showShape(part.inShape)}`,
      );
  const condition = parts.find((part) => part.condition)?.condition;
  const bases = parts.map((part) => standardNormal(part.outShape));
  const speed = stacked ? SPEED : 1;
  /** Members that are judged at the start: those to be trained begin as others do. */
  const judged = fixed > 0 ? fixed : parts.length;
  /** log p of examples by a member, [B]. Consumes all. */
  const logOf = (
    { part, base, given }: Member,
    params: ArrayTree[],
    x: np.Array,
    noise: NoiseTree,
  ): np.Array => {
    const step = part.forward(params, x, noise, given);
    return base.logProb(step.z).add(step.contribution);
  };
  /** Of each member, with its place in lists; the condition where it takes one, which is consumed. */
  const eachMember = <T>(given: np.Array | undefined, f: (member: Member) => T): T[] => {
    const results = parts.map((part, m) =>
      f({ part, base: at<Base>(bases, m), m, given: part.condition && given?.ref }),
    );
    given?.dispose();
    return results;
  };
  /** log p of all examples by each of these members. One program a member: later fits of it have the same. */
  const logsBy = async (members: Started, examples: CalibrationData): Promise<Map<number, Float32Array>> => {
    const logs = new Map<number, Float32Array>();
    for (const [m, params] of members) {
      const part = at<ChainLayer>(parts, m);
      const logOfSome = (x: np.Array, noise: NoiseTree, seen?: np.Array): np.Array => {
        const given = conditionOf(part, seen, countOf(x));
        return logOf({ part, base: at(bases, m), m, given }, tree.ref(params), x, noise).reshape([-1, 1]);
      };
      const own = new Float32Array(examples.count);
      let done = 0;
      for await (const some of examples.map([1], logOfSome, { noise: part.forwardNoise }).parts()) {
        own.set(some, done);
        done += some.length;
      }
      logs.set(m, own);
    }
    return logs;
  };
  /** Of two fits of members those under which the examples are likelier: a later one may have found a worse place. Consumes both. */
  const likelier = async (before: Started, after: Started, examples: CalibrationData): Promise<Started> => {
    if (before.size === 0) return after;
    const totalsOf = async (fits: Started): Promise<Map<number, number>> => {
      const logs = await logsBy(new Map([...fits].filter(([m]) => before.has(m))), examples);
      const bounded = (log: number): number => (Number.isNaN(log) ? LOWEST : Math.max(log, LOWEST));
      return new Map(Array.from(logs, ([m, own]) => [m, own.reduce((sum, log) => sum + bounded(log), 0)]));
    };
    const [earlier, later] = [await totalsOf(before), await totalsOf(after)];
    for (const m of before.keys()) {
      const [kept, left] = earlier.get(m)! > later.get(m)! ? [before, after] : [after, before];
      tree.dispose(left.get(m));
      after.set(m, kept.get(m) as ArrayTree[]);
    }
    return after;
  };
  /**
   * The weights of the members that begin as good as ever, from each part of the examples in turn, and initial values of those that
   * hardly have any: they stay those of the part after which that is known. `earlier`: the last ones of the others. Consumes the keys.
   */
  const weighed = async (keys: np.Array[], examples: CalibrationData, folds: number) => {
    let left = Array.from({ length: judged }, (_, m) => m);
    const lost: Started = new Map();
    const logs: number[] = [];
    let weights: number[] = [];
    let earlier: Started = new Map();
    for (let fold = 0; fold < folds; fold++) {
      // parts of one size share their programs
      const most = examples.count - (examples.count % FOLDS);
      const isHeld = (place: number): boolean => place < most && place % FOLDS === fold;
      const kept = await examples.held((place) => !isHeld(place));
      const members = await startedMembers(parts, left, keys.splice(0, parts.length), kept);
      const held = await examples.held(isHeld);
      const each = await logsBy(members, held);
      for (let i = 0; i < held.count; i++)
        for (let m = 0; m < judged; m++) logs.push(each.get(m)?.[i] ?? Number.NEGATIVE_INFINITY);
      weights = stackedWeights(logs, judged);
      const losing = losingMembers(logs, weights);
      left = left.filter((m) => !losing[m]);
      for (const params of earlier.values()) tree.dispose(params);
      earlier = new Map([...members].filter(([m]) => !losing[m]));
      for (const [m, params] of members) if (losing[m]) lost.set(m, params);
    }
    return { weights, lost, earlier };
  };
  /** Of a mixture that is fitted once more: members with a weight are, and others stay. */
  const kept = ({ logits: { data }, members }: HostParams) => {
    const least = Math.max(...data) + Math.log(LEAST_AGAIN) / speed;
    const isFitted = (m: number): boolean => m < fixed && data[m]! > least;
    const all = members.map((params, m) => [m, treeMap(fromHost, params) as ArrayTree[]] as const);
    const [earlier, lost] = [true, false].map((own) => new Map(all.filter(([m]) => isFitted(m) === own)));
    return { weights: [], lost, earlier } as { weights: number[]; lost: Started; earlier: Started };
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
    parameterKinds: {
      members: parts.map((part, m) => (m < fixed ? "fitted" : part.parameterKinds)) as ParameterKinds,
    },
    facts: {
      frozenParameterKinds: {}, // z does not depend on any of them
      ...(stacked && {
        initExamples: Math.max(...parts.map(({ layers }) => examplesFor(layers.slice(0, 1)))),
      }),
    },
    init: (key) => ({
      logits: np.zeros([parts.length]),
      members: splitKey(key, parts.length).map((own, m) => at<ChainLayer>(parts, m).init(own)),
    }),
    forward({ logits, members }, x, noise, condition) {
      expectShape(name, "x", x, inShape);
      const logs = eachMember(condition, (member) =>
        logOf(member, at(members, member.m), x.ref, at(noise, member.m)),
      );
      const z = np.zeros([logs[0]?.shape[0] ?? 0, ...NONE], { dtype: x.dtype });
      x.dispose();
      const weights = logits.mul(speed);
      const total = logSumExp(weights.ref, 0);
      return { z, contribution: logSumExp(np.stack(logs, 1).add(weights), 1).sub(total) };
    },
    inverse(
      { logits, members },
      z,
      drawn: { choice: np.Array; bases: NoiseTree; members: NoiseTree },
      condition,
    ) {
      expectShape(name, "z", z, NONE);
      z.dispose();
      const weights = np.broadcastTo(logits.mul(speed).reshape([-1, 1]), [
        parts.length,
        drawn.choice.shape[0] ?? 0,
      ]);
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
      const known = examples.known as HostParams | undefined;
      const all = examples.about(undefined);
      const own = all.first(FIRST);
      const folds = stacked && !known ? (examples.count < FEW ? FOLDS : 1) : 0;
      const keys = splitKey(key, parts.length * (folds + 1));
      const last = keys.splice(0, parts.length);
      const { weights, lost, earlier } = known ? kept(known) : await weighed(keys, own, folds);
      // none is left out: broad members bound what odd examples cost; all members count as one example more
      const logits = Float32Array.from(parts, (_, m) => {
        if (folds === 0) return 0;
        const least = m < fixed ? 1 / (own.count * parts.length) : LEAST_SHARE / (parts.length - fixed);
        return Math.log(Math.max(weights[m] ?? 0, least)) / speed;
      });
      const others = Array.from(parts.keys()).filter((m) => !lost.has(m));
      const from = examples.count < FEW ? undefined : earlier;
      // both were fitted to the first examples: others tell which is better
      const isFresh = (at: number): boolean => at >= Math.max(FIRST, all.count - FIRST);
      const fresh = all.count < FIRST + FEW ? own : await all.held(isFresh);
      const fits = await likelier(earlier, await startedMembers(parts, others, last, all, from), fresh);
      const members = new Map([...lost, ...fits]);
      return { logits: floats(logits), members: parts.map((_, m) => members.get(m) as ArrayTree[]) };
    },
  });
  return Object.freeze({ ...layer, parts });
}

export const flowMixtureKind = defineKind({
  kind: "flowMixture",
  options: {
    /** The layers of each member. What the last of them leaves is standard normal. */
    members: o.chains,
    ...schemas,
  },
  flow(inShape, { members, ...own }, { build }) {
    // equal layers that members begin with are one, with one start
    const firsts = new Map<string, FlowLayer>();
    const layers = members.map((described) => {
      const [built, ...others] = build(described, inShape);
      const text = JSON.stringify(described[0]);
      const first = firsts.get(text) ?? built;
      if (first) firsts.set(text, first);
      return first ? [first, ...others] : [];
    });
    return flowMixture(layers, own);
  },
  outShape: () => NONE,
});
