import { numpy as np, random } from "@jax-js/jax";
import { type ExamplesIn, readExamples } from "../examples.js";
import { calibrationData } from "../init/calibration-data.js";
import { nth } from "../lists.js";
import { HostArray } from "../params/host-array.js";
import { takeToHost } from "../train/state.js";
import type { FlowModel } from "./model.js";
import { namedParameters } from "./named-parameters.js";

/**
 * The mixture at the end of a flow whose condition is a class, fitted once more to the numbers that the trained layers in front of
 * it return for examples: its parameters by name, as `FlowModel.arrays` has them. Steps see a few examples of each normal, and leave some where hardly
 * any examples are. That costs next to no likelihood, and spoils a part of the samples. None of another flow.
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
  const given = readExamples(condition, flow.condition);
  const vectors = embedding?.vectors(
    new HostArray(Float32Array.from(given.examples), [given.count, 1], np.float32),
  );
  if (!vectors || !last.initFromData) return {};
  const front = model.part(0, layers.length - 1);
  let seen: Float32Array;
  try {
    seen = await front.encode(examples, { condition, seed });
  } finally {
    await front.dispose();
  }
  const rows = new HostArray(seen, [given.count, ...last.inShape], np.float32);
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
