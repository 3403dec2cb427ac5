import type { JsTree } from "@jax-js/jax";
import { initChain, initExamplesOf } from "../chain.js";
import { jaxExecutor } from "../executor/jax-executor.js";
import type { Flow, FlowParams } from "../flow.js";
import { calibrationData } from "../init/calibration-data.js";
import { nth } from "../lists.js";
import { keyOfSeed } from "../math/keys.js";
import * as o from "../options.js";
import type { HostArray } from "../params/host-array.js";
import { parameterList } from "../params/parameter-list.js";
import { parameterPaths } from "../params/parameter-paths.js";
import { treeFlatten, treeLeaves } from "../params/pytree.js";
import { sizeOf } from "../shape.js";
import { randomExamples } from "../train/data.js";
import { trainingDefaults as defaults, runSchemas, type TrainOptions } from "../train/options.js";
import { type DataIn, type ExampleReader, pairReader } from "../train/source.js";
import { takeToHost } from "../train/state.js";

/** Layers that need more than `initExamples` get up to 2²⁶ numbers. */
export type InitOptions = Pick<
  TrainOptions,
  "flow" | "executor" | "condition" | "seed" | "init" | "initExamples" | "onInit"
> & { data: DataIn };

const { executor, seed, init, initExamples, onInit } = runSchemas;
const schemas: o.SchemasOf<InitOptions> = {
  executor,
  seed,
  init,
  initExamples,
  onInit,
  flow: o.record,
  data: o.record,
  condition: o.record,
};

/**
 * Initial values of a flow's parameters, those that training begins with, on the host.
 *
 * @example
 * ```ts
 * import { FlowModel, flow, jaxExecutor } from "@flowify/core";
 * import { initParams } from "@flowify/core/layer";
 * import { actnorm } from "@flowify/core/layers";
 *
 * const executor = jaxExecutor();
 * const made = flow([actnorm([2])]);
 * const params = await initParams({ flow: made, executor, data: [[0, 10], [2, 14], [4, 18]] });
 * const model = new FlowModel(made, params, executor);
 * console.log((await model.encode([[2, 14]])).every((z) => Math.abs(z) < 1e-5)); // the mean is at 0
 * await model.dispose();
 * // true
 * ```
 */
export async function initParams(options: InitOptions): Promise<JsTree<HostArray>> {
  o.checkOptions("initParams", schemas, options);
  const { flow, data, condition } = options;
  return takeToHost(await initValues({ ...options, data: pairReader("initParams", data, condition, flow) }));
}

/** Numbers of examples beyond `initExamples` that are held for layers that need more, at the widest of those in front of them. */
const MOST_NUMBERS = 2 ** 26;

/** Most numbers of an example between the layers up to the last one that needs more than `enough` examples. */
function widestHeld({ chain: { layers } }: Flow, enough: number): number {
  const last = layers.findLastIndex((layer) => initExamplesOf([layer]) > enough);
  return Math.max(1, ...layers.slice(0, last + 1).map(({ inShape }) => sizeOf(inShape)));
}

/** From so many examples on, what some of them fit is as good. */
const MANY = 5000;

/** Parameters by their paths. */
export type ByPath = { readonly [path: string]: HostArray };

/**
 * Parameters that are fitted to data and stay as they are in training, from all examples, those that were held out included. Weights
 * and step are chosen by then, so that held-out examples have done their work. None where there are many examples.
 */
export async function fittedAgain(
  options: Omit<InitOptions, "data"> & { data: DataIn | ExampleReader; known: JsTree<HostArray> },
): Promise<ByPath> {
  const { flow } = options;
  const data = pairReader("fittedAgain", options.data, undefined, flow);
  if (data.count >= MANY || !parameterList(flow).some(({ as }) => as === "fitted")) return {};
  const params = await takeToHost(await initValues({ ...options, data }));
  const values = treeLeaves(params);
  return Object.fromEntries(
    parameterPaths(params, flow.parameterKinds).flatMap(({ path, as }, i) =>
      as === "fitted" ? [[path, nth(values, i)]] : [],
    ),
  );
}

/** Parameters with some of them replaced, by their paths. */
export function withFitted(
  flow: Pick<Flow, "parameterKinds">,
  params: JsTree<HostArray>,
  fitted: ByPath,
): JsTree<HostArray> {
  const { leaves, rebuild } = treeFlatten(params);
  const paths = parameterPaths(params, flow.parameterKinds);
  return rebuild(leaves.map((value, i) => fitted[nth(paths, i).path] ?? value));
}

/** The same as jax arrays. */
export async function initValues({
  flow,
  executor,
  data,
  seed = 0,
  init = defaults.init,
  initExamples = defaults.initExamples,
  onInit: onStart,
  known,
}: Omit<InitOptions, "data"> & { data: ExampleReader; known?: JsTree<HostArray> }): Promise<FlowParams> {
  const key = keyOfSeed(seed);
  if (init === "random") return flow.init(key);
  // initialization functions capture arrays of jax-js's default device, which a program on WebGPU cannot
  const starter = executor.name === "webgpu" ? jaxExecutor() : executor;
  const room = Math.floor(MOST_NUMBERS / widestHeld(flow, initExamples));
  const count = Math.max(initExamples, Math.min(initExamplesOf(flow.chain.layers), room));
  const drawn = await randomExamples(data, flow, count, seed);
  const examples = calibrationData(drawn.examples, { executor: starter, known });
  return initChain(flow.chain, key, examples, onStart, initExamples, drawn.conditions);
}
