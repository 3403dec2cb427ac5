import { numpy as np, random } from "@jax-js/jax";
import { type ExamplesIn, readExamples } from "../examples.js";
import { calibrationData } from "../init/calibration-data.js";
import { nth } from "../lists.js";
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

/**
 * The mixture at the end of a flow whose condition is a class, fitted once more to the numbers that the trained layers in front of
 * it return for examples: its parameters by name, as `FlowModel.arrays` has them. Steps see a few examples of each normal, and leave some where hardly
 * any examples are. That costs next to no likelihood, and spoils a part of the samples. The noise of each example is drawn twice.
 * None of another flow.
 */
export async function fittedEnd(
  model: FlowModel,
  examples: ExamplesIn,
  { condition, seed }: Readonly<{ condition: ExamplesIn; seed: number }>,
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
  const seen = new Float32Array(repeated.length * sizeOf(last.inShape));
  const front = model.part(0, layers.length - 1);
  try {
    for (let draw = 0; draw < draws; draw++) {
      const drawn = await front.encode(examples, { condition, seed: seed + draw });
      seen.set(drawn, draw * drawn.length);
    }
  } finally {
    await front.dispose();
  }
  const rows = new HostArray(seen, [repeated.length, ...last.inShape], np.float32);
  const started = await last.initFromData(
    random.key(seed),
    calibrationData(rows, { executor }).conditioned(vectors),
  );
  const named = namedParameters({ parameterKinds: [last.parameterKinds] }, [await takeToHost(started)]);
  const at = layers.length - 1;
  return Object.fromEntries(
    Object.entries(named).map(([name, array]) => [name.replace("params.0", `params.${at}`), array]),
  );
}
