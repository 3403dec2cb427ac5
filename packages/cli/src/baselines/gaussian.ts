import { bitsPerDimension, type Executor, type Flow, FlowModel, flowify } from "@flowify/core";
import { initParams } from "@flowify/core/layer";
import { type DataSet, examplesOf, type ImageSet } from "../data/image-set.js";
import type { ExampleBpd } from "./histograms.js";

/** log p in nats of test examples by a flow of one whitening layer, which is initialized from all training examples. */
export async function whitened(
  flow: Flow,
  train: DataSet,
  test: DataSet,
  executor: Executor,
  seed: number,
): Promise<Float64Array> {
  const data = { examples: examplesOf(train), count: train.count };
  const params = await initParams({ flow, executor, data, initExamples: train.count, seed });
  const model = new FlowModel(flow, params, executor);
  try {
    return Float64Array.from(await model.logProb(examplesOf(test), { seed }));
  } finally {
    await model.dispose();
  }
}

/**
 * One Gaussian with full covariance, on uniformly dequantized images. A bound in expectation, as for every dequantized
 * density.
 */
export async function gaussianBpd(
  train: ImageSet,
  test: ImageSet,
  executor: Executor,
  seed: number,
): Promise<ExampleBpd> {
  const layers = [{ kind: "dequantize" }, { kind: "flatten" }, { kind: "whiten" }] as const;
  const flow = flowify({ inShape: train.shape, layers });
  const nats = await whitened(flow, train, test, executor, seed);
  return nats.map((value) => bitsPerDimension(value, flow.dimensions));
}
