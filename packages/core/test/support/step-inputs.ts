import { numpy as np } from "@jax-js/jax";
import { makeRng } from "../../src/math/rng.js";
import { drawNoise } from "../../src/noise.js";
import { HostArray } from "../../src/params/host-array.js";
import { adamScalars } from "../../src/train/adam.js";
import { batchesOf, STREAM } from "../../src/train/data.js";
import type { TrainOptions } from "../../src/train/options.js";
import { cosineSchedule } from "../../src/train/rates.js";
import { exampleReader } from "../../src/train/source.js";

type Run = Required<
  Pick<TrainOptions, "flow" | "data" | "steps" | "batchSize" | "seed" | "learningRate" | "warmup">
>;

/** What a trainer gives its step t = 0, 1, …: examples, noises and the scalars of Adam. */
export function stepInputs({ flow, data, steps, batchSize, seed, learningRate, warmup }: Run) {
  const batches = batchesOf(exampleReader(data, flow.domain), flow.domain, { batchSize, seed });
  const rate = cosineSchedule({ peak: learningRate, steps, warmup });
  const scalar = (value: number): HostArray => new HostArray(Float32Array.of(value), [], np.float32);
  return async (t: number) => {
    const adam = adamScalars(rate(t), t);
    const scalars = { rate: scalar(adam.rate), floor: scalar(adam.floor) };
    return {
      x: await batches(t),
      noise: drawNoise(flow.forwardNoise, batchSize, makeRng(seed, STREAM.noise, t)),
      scalars: { euclidean: scalars, orthogonal: scalars },
    };
  };
}
