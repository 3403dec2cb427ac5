import type { ConvertedNetwork } from "../../src/browser.js";
import "@tensorflow/tfjs-backend-cpu";
import { applyNetwork } from "@flowify/core";
import { numpy as np } from "@jax-js/jax";
import * as tfc from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-layers";
import { expect } from "vitest";
import { convertOnnx, readKeras, readOnnx } from "../../src/index.js";
import { irregular } from "../import/files.js";

tfc.enableProdMode(); // it says nothing

type Spec = { name: string; shape: number[]; dtype: string };

/** What TensorFlow.js saves of a model: `model.json`, and the bytes of its one shard. */
export type Saved = {
  json: { modelTopology: object; weightsManifest: { paths: string[]; weights: Spec[] }[] };
  shard: Uint8Array;
};

/** Saves a model, whose weights become irregular numbers; those of variances and slopes are positive. */
export async function saved(model: tf.LayersModel): Promise<Saved> {
  model.setWeights(
    model.weights.map(({ shape, originalName }, i) => {
      const size = shape.reduce<number>((a, b) => a * (b ?? 1), 1);
      const positive = /variance|alpha|gamma/.test(originalName);
      const values = irregular(size, i + 1).map((value) => (positive ? 0.6 + 0.5 * value : value));
      return tfc.tensor(values, shape as number[]);
    }),
  );
  let found: Saved | undefined;
  await model.save({
    save: async ({ modelTopology, weightSpecs, weightData }) => {
      const weights = weightSpecs as Spec[];
      found = {
        json: {
          modelTopology: modelTopology as object,
          weightsManifest: [{ paths: ["group1-shard1of1.bin"], weights }],
        },
        shard: new Uint8Array(weightData as ArrayBuffer),
      };
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
    },
  });
  return found!;
}

export const converted = ({ json, shard }: Saved): ConvertedNetwork =>
  convertOnnx(readOnnx(readKeras(json, (path) => (path === "group1-shard1of1.bin" ? shard : undefined))));

/** Expects a network to compute what TensorFlow.js does, to 1e-5 of the largest entry. */
export async function expectSame(model: tf.LayersModel, result: ConvertedNetwork): Promise<ConvertedNetwork> {
  const { inShape } = result.network;
  const x = Float32Array.from(irregular(3 * inShape.reduce((a, b) => a * b, 1)), (v) => 2 * v);
  const wanted = (model.predict(tfc.tensor(x, [3, ...inShape])) as tfc.Tensor).dataSync<"float32">();
  const got = (await applyNetwork(
    result.network,
    np.array(x).reshape([3, ...inShape]),
  ).data()) as Float32Array;
  expect(got).toHaveLength(wanted.length);
  const largest = wanted.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-3);
  const off = got.reduce((most, v, i) => Math.max(most, Math.abs(v - wanted[i]!)), 0);
  expect(off / largest).toBeLessThan(1e-5);
  return result;
}

/** A sequential model of layers, for examples of this shape. */
export function sequential(inputShape: number[], ...layers: tf.layers.Layer[]): tf.Sequential {
  const model = tf.sequential();
  model.add(tf.layers.inputLayer({ inputShape }));
  for (const layer of layers) model.add(layer);
  return model;
}

/** A residual block, and two branches side by side. */
export function branching(): tf.LayersModel {
  const input = tf.input({ shape: [6, 6, 2] });
  const conv = tf.layers
    .conv2d({ filters: 2, kernelSize: 3, padding: "same", activation: "relu" })
    .apply(input);
  const sum = tf.layers.add().apply([input, conv as tf.SymbolicTensor]) as tf.SymbolicTensor;
  const left = tf.layers.conv2d({ filters: 3, kernelSize: 3 }).apply(sum) as tf.SymbolicTensor;
  const right = tf.layers.conv2d({ filters: 2, kernelSize: 3 }).apply(sum) as tf.SymbolicTensor;
  const both = tf.layers.concatenate().apply([left, right]);
  return tf.model({
    inputs: input,
    outputs: tf.layers.flatten().apply(both) as tf.SymbolicTensor,
  });
}
