import { type JsTree, random } from "@jax-js/jax";
import { type InitProgress, initChain, initExamplesOf } from "../chain.js";
import { countedExamples, type Examples, type ExamplesIn } from "../examples.js";
import type { Executor, HostArray } from "../executor/executor.js";
import { jaxExecutor } from "../executor/jax-executor.js";
import type { Flow, FlowParams } from "../flow.js";
import { sizeOf } from "../layer.js";
import { randomExamples } from "../train/data.js";
import { trainingDefaults as defaults } from "../train/defaults.js";
import { takeToHost } from "../train/state.js";
import { calibrationData } from "./calibration-data.js";

export type InitOptions = {
  flow: Flow;
  executor: Executor;
  data: Examples | ExamplesIn;
  /** Default 0. */
  seed?: number;
  /** From data (default) or at random. */
  init?: "data" | "random";
  /** Examples for the initialization; layers that need more get up to 2²⁴ numbers. Default 4096. */
  initExamples?: number;
  /** Called after the initialization of each layer. */
  onInit?: InitProgress;
};

/** Initial values of a flow's parameters, on the host. */
export const initParams = async (options: InitOptions): Promise<JsTree<HostArray>> =>
  takeToHost(await initValues(options));

/** Numbers of examples beyond `startExamples` that are held for layers that need more. */
const MOST_NUMBERS = 2 ** 24;

/** The same as jax arrays. */
export async function initValues({
  flow,
  executor,
  data,
  seed = 0,
  init: start = defaults.init,
  initExamples: startExamples = defaults.initExamples,
  onInit: onStart,
}: InitOptions): Promise<FlowParams> {
  const key = random.key(seed);
  if (start === "random") return flow.init(key);
  // initialization functions capture arrays of jax-js's default device, which a program on WebGPU cannot
  const starter = executor.name === "webgpu" ? jaxExecutor() : executor;
  const room = Math.floor(MOST_NUMBERS / sizeOf(flow.domain.shape));
  const count = Math.max(startExamples, Math.min(initExamplesOf(flow.chain.layers), room));
  const drawn = randomExamples(countedExamples(data, flow.domain), flow.domain, count, seed);
  const examples = calibrationData(drawn, { executor: starter });
  return initChain(flow.chain, key, examples, onStart, startExamples);
}
