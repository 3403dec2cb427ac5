import { numpy as np } from "@jax-js/jax";
import { type ExamplesIn, readExamples } from "../examples.js";
import { calibrationData } from "../init/calibration-data.js";
import { nth } from "../lists.js";
import { keyOfSeed } from "../math/keys.js";
import { HostArray } from "../params/host-array.js";
import { sizeOf } from "../shape.js";
import { takeToHost } from "../train/state.js";
import type { FlowModel } from "./model.js";
import { namedParameters } from "./named-parameters.js";

/**
 * How often the noise of each example is drawn. Of the 128 numbers that a mixture of digits sees, noise makes two thirds of the variance:
 * drawn once, normals of a few hundred examples fit what it happened to be (docs/conditions.md).
 */
const DRAWS = 2;

/** Examples between two calls of `onProgress`. */
const TOLD_EVERY = 2000;

export type FitEndOptions = Readonly<{
  condition: ExamplesIn;
  seed: number;
  /** Called with the share of the examples that went through the layers in front. */
  onProgress?: (share: number) => void;
}>;

/**
 * The mixture at the end of a flow whose condition is a class, fitted once more to the numbers that the trained layers in front of
 * it return for examples: its parameters by name, as `FlowModel.arrays` has them. Steps see a few examples of each normal, and leave some where hardly
 * any examples are. That costs next to no likelihood, and spoils a part of the samples. The noise of each example is drawn twice.
 * None of another flow.
 */
export async function fittedEnd(
  model: FlowModel,
  examples: ExamplesIn,
  { condition, seed, onProgress }: FitEndOptions,
): Promise<{ [name: string]: HostArray }> {
  const { flow, executor } = model;
  const { layers, embedding } = flow.chain;
  const last = nth(layers, -1);
  if (flow.condition?.levels === undefined || last.name !== "gaussianMixture" || layers.length < 2) return {};
  const { examples: labels, count } = readExamples(condition, flow.condition);
  const draws = flow.exact ? 1 : DRAWS;
  const repeated = Float32Array.from({ length: draws * count }, (_, i) => labels[i % count]!);
  const vectors = embedding?.vectors(new HostArray(repeated, [repeated.length, 1], np.float32));
  if (!vectors || !last.initFromData) return {};
  const given = readExamples(examples, flow.domain).examples;
  const [size, width] = [sizeOf(flow.inShape), sizeOf(last.inShape)];
  const seen = new Float32Array(repeated.length * width);
  const front = model.part(0, layers.length - 1);
  try {
    for (let from = 0, part = 0; from < repeated.length; part++) {
      const first = from % count;
      const to = Math.min(first + TOLD_EVERY, count);
      const drawn = await front.encode(given.subarray(first * size, to * size), {
        condition: repeated.slice(first, to),
        seed: seed + part,
      });
      seen.set(drawn, from * width);
      from += to - first;
      onProgress?.(from / repeated.length);
    }
  } finally {
    await front.dispose();
  }
  const rows = new HostArray(seen, [repeated.length, ...last.inShape], np.float32);
  const started = await last.initFromData(
    keyOfSeed(seed),
    calibrationData(rows, { executor }).conditioned(vectors),
  );
  const named = namedParameters({ parameterKinds: [last.parameterKinds] }, [await takeToHost(started)]);
  const at = layers.length - 1;
  return Object.fromEntries(
    Object.entries(named).map(([name, array]) => [name.replace("params.0", `params.${at}`), array]),
  );
}
