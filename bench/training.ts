import { createTrainer, type Executor, flowify, type Trainer, zoo } from "@flowify/core";
import { loadDataSet, ratesOf } from "flowify";

/** Items of a step that is timed. */
const BATCH = 128;

/** A network of the paper at its start values on real data, ready to take `steps` steps. */
export async function benchTrainer(
  network: string,
  executor: Executor,
  steps: number,
  dataDir?: string,
): Promise<Trainer> {
  const name = network.slice(0, network.indexOf("/"));
  const data = await loadDataSet({ name, dir: name === "cifar10" ? dataDir : undefined }, "train");
  return createTrainer({
    flow: flowify(zoo(network)),
    executor,
    data: { items: data.images, count: data.count },
    steps,
    batchSize: BATCH,
    seed: 7,
    startItems: ratesOf(network).startItems,
  });
}
