import { type Executor, FlowModel, flowify, HostArray, jaxExecutor, type Network } from "@flowify/core";
import { stackedWeights } from "@flowify/core/internal";
import { initParams } from "@flowify/core/layer";
import { type JsTree, numpy as np } from "@jax-js/jax";
import { valueAt } from "../places.js";
import { logSumExp, meanWithError } from "../statistics.js";
import { type LinearGaussian, linearGaussian } from "./linear-gaussian.js";
import { among, type Examples, someOf } from "./lines.js";
import {
  LINE_LIMIT,
  lineNetwork,
  type SimpleName,
  simpleNetworks,
  type splitOf,
  type ValueKind,
} from "./network.js";

/** A distribution that flows are mixed with, and its weight. That of a logistic regression may be 0: it is a baseline as well. */
export type SimpleMember = Readonly<{ name: SimpleName; share: number; model: FlowModel }>;

/** A smaller weight is none: the member is left out. */
const LEAST_SHARE = 0.01;

/** Flows whose held-out examples are compared with simple members, at most. */
const FOLDS = 5;

/** Nats by which one example says at most that flows are better: a Gaussian finds a far value as good as impossible. */
const MOST_GAIN = 3;

/** The simple members of these examples. */
async function fitted(kind: ValueKind, examples: Examples, executor: Executor) {
  const { condition, width, values } = someOf(examples);
  const members: Omit<SimpleMember, "share">[] = [];
  for (const { name, network } of simpleNetworks(width, kind, examples.values)) {
    if (name === "line") {
      members.push({
        name,
        model: await lineModel(linearGaussian(condition, width, values), executor, network),
      });
      continue;
    }
    const flow = flowify(network);
    const params = await initParams({
      flow,
      executor: jaxExecutor(),
      data: values,
      condition: name === "alone" ? new Float32Array(condition.length) : condition,
    });
    members.push({ name, model: new FlowModel(flow, params, executor) });
  }
  return members;
}

/** A Gaussian around a line. */
export async function lineModel(
  line: LinearGaussian,
  executor: Executor,
  network: Network = lineNetwork(line.slope.length),
): Promise<FlowModel> {
  const flow = flowify(network);
  const { params } = await FlowModel.create(flow, jaxExecutor());
  // behind the parameters of the layers stand those of the condition, which is taken as it is
  const own = (params as JsTree<HostArray>[]).with(-2, lineParams(line));
  return new FlowModel(flow, own, executor);
}

function lineParams({ level, slope, middle, spread, std }: LinearGaussian): JsTree<HostArray> {
  const weight = slope.map((each, k) => each / (spread[k] ?? Number.POSITIVE_INFINITY));
  const mean = weight.reduce((sum, each, k) => sum - each * valueAt(middle, k), level);
  const logScale = LINE_LIMIT * Math.atanh(Math.log(std) / LINE_LIMIT);
  const array = (numbers: readonly number[], shape: readonly number[]) =>
    new HostArray(Float32Array.from(numbers), shape, np.float32);
  return [
    {
      weight: array([...weight, ...weight.map(() => 0)], [2, slope.length]),
      bias: array([mean, logScale], [2]),
    },
  ] as JsTree<HostArray>;
}

/**
 * Weighs flows against simple members by expectation maximization over the examples that each flow held out; simple members are fitted
 * to the others for that. Flows ended their training where these examples were likeliest, so a gain over the mixture of all simple members of
 * less than two standard errors counts as half a standard error less. Source: Smyth and Wolpert 1999 (stacked density estimation); Breiman et al. 1984 (the
 * rule of one standard error).
 *
 * @param logProb log p by flow k, or by another model
 */
export async function simpleMembers(
  kind: ValueKind,
  examples: Examples,
  splits: readonly ReturnType<typeof splitOf>[],
  executor: Executor,
  logProb: (model: number | FlowModel, held: Examples) => Promise<Float64Array>,
): Promise<SimpleMember[]> {
  const logs: number[][] = [];
  for (const [k, { train, held }] of splits.slice(0, FOLDS).entries()) {
    const judged = someOf(among(examples, held));
    const own = await fitted(kind, among(examples, train), jaxExecutor());
    const each = [await logProb(k, judged)];
    for (const { model } of own) {
      each.push(await logProb(model, judged));
      await model.dispose();
    }
    for (let i = 0; i < judged.values.length; i++) logs.push(each.map((log) => valueAt(log, i)));
  }
  const members = await fitted(kind, examples, executor);
  const [flows = 0, ...shares] = sharesOf(logs);
  const isKept = shares.map((share) => share >= LEAST_SHARE);
  const all = shares.reduce((sum, share, i) => sum + (isKept[i] ? share : 0), flows);
  const weighed = members.map((member, i) => ({
    ...member,
    share: isKept[i] ? valueAt(shares, i) / all : 0,
  }));
  const isNeeded = ({ name, share }: SimpleMember): boolean => share > 0 || name === "logistic";
  for (const member of weighed) if (!isNeeded(member)) await member.model.dispose();
  return weighed.filter(isNeeded);
}

/** The weights of flows and of simple members, from log p of held-out examples by each. */
export function sharesOf(logs: readonly (readonly number[])[]): number[] {
  const simple = logs.map((all) => all.slice(1));
  const own = stackedWeights(simple.flat(), simple[0]?.length ?? 0).map(Math.log);
  const gains = logs.map(([flow = 0], i) => {
    const mixed = logSumExp(valueAt(simple, i).map((log, k) => log + valueAt(own, k)));
    return Math.min(Math.max(flow - mixed, -MOST_GAIN), MOST_GAIN);
  });
  const { mean, stdErr } = meanWithError(gains);
  // most rows are judged twice
  const error = Math.SQRT2 * stdErr;
  const chance = mean < 2 * error ? error / 2 : 0;
  return stackedWeights(
    logs.flatMap(([flow = 0, ...others]) => [flow - chance, ...others]),
    1 + own.length,
  );
}
