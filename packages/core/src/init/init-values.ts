import { type JsTree, random } from "@jax-js/jax";
import { type StartTold, startChain, startItemsOf } from "../chain.js";
import type { Executor, HostArray } from "../executor/executor.js";
import type { Flow, FlowParams } from "../flow.js";
import { countedItems, type Items, type ItemsIn } from "../examples.js";
import { jaxExecutor } from "../executor/jax-executor.js";
import { sizeOf } from "../layer.js";
import { heldItems } from "./calibration-data.js";
import { randomItems } from "../train/data.js";
import { trainingDefaults as defaults } from "../train/defaults.js";
import { takeToHost } from "../train/state.js";

export type StartOptions = {
  flow: Flow;
  executor: Executor;
  data: Items | ItemsIn;
  /** Default 0. */
  seed?: number;
  /** From data (default) or at random. */
  start?: "data" | "random";
  /** Items that the start looks at; layers that ask for more see up to 2²⁴ numbers. Default 4096. */
  startItems?: number;
  /** Called when a layer has its start values. */
  onStart?: StartTold;
};

/** Start values of a flow's parameters, those that training begins with, on the host. */
export const startParams = async (options: StartOptions): Promise<JsTree<HostArray>> =>
  takeToHost(await startValues(options));

/** Numbers of items beyond `startItems` that are held for layers that ask for more. */
const MOST_NUMBERS = 2 ** 24;

/** The same as jax arrays. */
export async function startValues({
  flow,
  executor,
  data,
  seed = 0,
  start = defaults.start,
  startItems = defaults.startItems,
  onStart,
}: StartOptions): Promise<FlowParams> {
  const key = random.key(seed);
  if (start === "random") return flow.init(key);
  // functions of a start capture arrays of jax-js's default device, which a program on WebGPU cannot
  const starter = executor.name === "webgpu" ? jaxExecutor() : executor;
  const room = Math.floor(MOST_NUMBERS / sizeOf(flow.domain.shape));
  const count = Math.max(startItems, Math.min(startItemsOf(flow.chain.layers), room));
  const drawn = randomItems(countedItems(data, flow.domain), flow.domain, count, seed);
  const items = heldItems(drawn, { executor: starter });
  return startChain(flow.chain, key, items, onStart, startItems);
}
