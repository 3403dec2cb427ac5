import { bitsPerDimension, type Executor, FlowModel, flowify } from "@flowify/core";
import { initParams } from "@flowify/core/layer";
import type { ImageSet } from "../data/image-set.js";
import type { ExampleBpd } from "./histograms.js";

/**
 * One Gaussian with full covariance, on uniformly dequantized images: a flow of one whitening layer, initialized from
 * all training images. A bound in expectation, as for every dequantized density.
 */
export async function gaussianBpd(
  train: ImageSet,
  test: ImageSet,
  executor: Executor,
  seed: number,
): Promise<ExampleBpd> {
  const layers = [{ kind: "dequantize" }, { kind: "flatten" }, { kind: "whiten" }] as const;
  const flow = flowify({ inShape: train.shape, layers });
  const data = { examples: train.images, count: train.count };
  const params = await initParams({ flow, executor, data, initExamples: train.count, seed });
  const model = new FlowModel(flow, params, executor);
  try {
    const nats = await model.logProb(test.images, { seed });
    return Float64Array.from(nats, (value) => bitsPerDimension(value, flow.dimensions));
  } finally {
    await model.dispose();
  }
}
