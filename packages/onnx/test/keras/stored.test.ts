import { applyNetwork, DataError, UnsupportedOpError } from "@flowify/core";
import { numpy as np } from "@jax-js/jax";
import * as tf from "@tensorflow/tfjs-layers";
import type { File } from "h5wasm";
import { describe, expect, it } from "vitest";
import type { ConvertedNetwork } from "../../src/browser.js";
import { readKerasFile } from "../../src/index.js";
import { expectSame, saved, sequential } from "./models.js";
import { h5Of, hdf5, type Json, kerasOf, ofFile } from "./stored.js";

const { layers } = tf;

/** Two convolutions with pooling, so that Flatten has to keep the channels last. */
const classifier = (): tf.Sequential =>
  sequential(
    [8, 7, 2],
    layers.conv2d({ filters: 3, kernelSize: 3, activation: "relu" }),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.batchNormalization({}),
    layers.conv2d({ filters: 4, kernelSize: 2, padding: "same" }),
    layers.flatten(),
    layers.dense({ units: 5, activation: "tanh" }),
    layers.dense({ units: 3 }),
  );

/** A convolutional base as a layer of another model, as in transfer learning. */
function nested(): { model: tf.LayersModel; base: tf.LayersModel } {
  const input = tf.input({ shape: [6, 6, 2], name: "picture" });
  const conv = layers.conv2d({ filters: 3, kernelSize: 3, name: "conv" }).apply(input) as tf.SymbolicTensor;
  const flat = layers.flatten({ name: "flat" }).apply(conv) as tf.SymbolicTensor;
  const base = tf.model({ inputs: input, outputs: flat, name: "base" });
  const start = tf.input({ shape: [6, 6, 2], name: "start" });
  const features = base.apply(start) as tf.SymbolicTensor;
  const scores = layers.dense({ units: 3, name: "scores" }).apply(features) as tf.SymbolicTensor;
  return { model: tf.model({ inputs: start, outputs: scores }), base };
}

const output = async ({ network }: ConvertedNetwork, x: readonly number[]): Promise<number[]> => [
  ...(await applyNetwork(network, np.array([...x]).reshape([1, ...network.inShape])).data()),
];

describe("files of Keras", () => {
  it("hold convolutions, pooling and dense layers of one model, by the names of Keras 2 and 3", async () => {
    const model = classifier();
    const files = await saved(model);
    const inThree = (weight: string): string => `sequential/${weight}`;
    await expectSame(model, await ofFile(await h5Of(files)));
    await expectSame(model, await ofFile(await h5Of(files, undefined, inThree)));
    const { network } = await expectSame(model, await ofFile(await kerasOf(files)));
    expect(network.layers.map(({ kind }) => kind)).toContain("conv2d");
  });

  it("hold a model as a layer of another", async () => {
    const { model } = nested();
    const files = await saved(model);
    await expectSame(model, await ofFile(await h5Of(files)));
    const text = JSON.stringify(files.json.modelTopology);
    const config = JSON.parse(text.replaceAll('"class_name":"Model"', '"class_name":"Functional"')) as Json;
    await expectSame(model, await ofFile(await kerasOf(files, { config })));
  });

  it("say the shape of the input in the first layer, or in the model", async () => {
    const model = sequential([4], layers.dense({ units: 3 }));
    const files = await saved(model);
    const { config } = files.json.modelTopology as unknown as { config: { layers: Json[] } };
    const built = {
      class_name: "Sequential",
      config: { ...config, layers: config.layers.slice(1), build_input_shape: [null, 4] },
    };
    await expectSame(model, await ofFile(await h5Of(files, built)));
    await expectSame(model, await ofFile(await kerasOf(files, { config: built })));
    const tuple = JSON.stringify(built).replace("[null,4]", '{"class_name":"__tuple__","items":[null,4]}');
    await expectSame(model, await ofFile(await h5Of(files, JSON.parse(tuple) as Json)));
  });

  it("read names in several attributes where they are many", async () => {
    const model = sequential([4], layers.dense({ units: 3, name: "d" }));
    const files = await saved(model);
    const [kernel, bias] = files.json.weightsManifest[0]!.weights;
    const bytes = await hdf5((file) => {
      file.create_attribute("model_config", JSON.stringify(files.json.modelTopology));
      const group = file.create_group("model_weights").create_group("d");
      group.create_attribute("weight_names0", [kernel!.name], [1], "S20");
      group.create_attribute("weight_names1", [bias!.name], [1], "S20");
      const inner = group.create_group("d");
      const data = new Float32Array(files.shard.slice().buffer);
      inner.create_dataset({ name: "kernel", data: data.slice(0, 12), shape: [4, 3], dtype: "<f" });
      inner.create_dataset({
        name: "bias",
        data: Float64Array.from(data.slice(12)),
        shape: [3],
        dtype: "<d",
      });
    });
    await expectSame(model, await ofFile(bytes));
  });

  /** A model of one layer with its numbers in the group of a `.keras` file. */
  const alone = async (
    layer: Json & { class_name: string },
    shape: number[],
    slot: string,
    numbers: readonly number[][],
  ): Promise<ConvertedNetwork> => {
    const input = { class_name: "InputLayer", config: { name: "x", batch_shape: [null, ...shape] } };
    const config = { class_name: "Sequential", config: { layers: [input, layer] } };
    const weights = await hdf5((file) => {
      const vars = file.create_group("layers").create_group(slot).create_group("vars");
      numbers.forEach((data, i) => {
        const size = data.length === 1 ? [] : [data.length];
        vars.create_dataset({ name: `${i}`, data: Float32Array.from(data), shape: size, dtype: "<f" });
      });
    });
    const text = new TextEncoder().encode(JSON.stringify(config));
    return ofFile(
      new Map([
        ["config.json", text],
        ["model.weights.h5", weights],
      ]),
    );
  };

  it("normalize by the mean and variance of each channel, or of all numbers, and back", async () => {
    const layer = (config: Json) => ({ class_name: "Normalization", config: { name: "n", ...config } });
    const x = [1, 2, 3, 4, 5, 6];
    const [mean, variance] = [
      [1, -2, 0.5],
      [4, 0.25, 0],
    ];
    const deviation = variance.map((v) => Math.max(Math.sqrt(v), 1e-7));
    const wanted = x.map((v, i) => (v - mean[i % 3]!) / deviation[i % 3]!);
    const back = x.map((v, i) => v * deviation[i % 3]! + mean[i % 3]!);
    const expectClose = async (network: ConvertedNetwork, numbers: readonly number[]): Promise<void> => {
      const got = await output(network, x);
      got.forEach((value, i) => {
        expect(Math.abs(value - numbers[i]!)).toBeLessThan(1e-6 * Math.max(1, Math.abs(numbers[i]!)));
      });
    };
    const stored = (config: Json) => alone(layer(config), [2, 1, 3], "normalization", [mean, variance, [0]]);
    await expectClose(await stored({ axis: [-1], mean: null, variance: null }), wanted);
    await expectClose(await stored({ axis: -1, invert: true }), back);
    await expectClose(await stored({ axis: -1, mean: [mean], variance: [variance] }), wanted);
    const whole = await alone(layer({ axis: null }), [6], "normalization", [[2], [9]]);
    await expectClose(
      whole,
      x.map((v) => (v - 2) / 3),
    );
    const whole2 = await alone(
      layer({ axis: null, invert: true, mean: 2, variance: 9 }),
      [6],
      "normalization",
      [],
    );
    await expectClose(
      whole2,
      x.map((v) => v * 3 + 2),
    );
    await expect(stored({ axis: [1, 3] })).rejects.toThrow(
      'Normalization "n": it normalizes along axis [1,3]',
    );
  });

  it("have the hard sigmoid of their version", async () => {
    const layer = { class_name: "Activation", config: { name: "a", activation: "hard_sigmoid" } };
    const [value] = await output(await alone(layer, [1], "none", []), [1.5]);
    expect(value).toBeCloseTo(1.5 / 6 + 0.5, 6);
  });
});

describe("what is no such file", () => {
  const small = sequential([2], layers.dense({ units: 2, name: "d" }));
  const expectRefused = async (
    file: Uint8Array | Map<string, Uint8Array>,
    ...says: string[]
  ): Promise<void> => {
    const problem = await ofFile(file).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(problem).toBeInstanceOf(DataError);
    for (const text of says) expect((problem as DataError).message).toContain(text);
  };

  it("is refused where it is cut short, damaged, or something else", async () => {
    const bytes = await h5Of(await saved(small));
    await expectRefused(bytes.subarray(0, bytes.length - 100), "damaged, cut short, or not a file in HDF5");
    await expectRefused(bytes.subarray(0, 40), "not a file in HDF5");
    const heap = new TextDecoder("latin1").decode(bytes).indexOf("GCOL");
    await expectRefused(bytes.with(heap + 30, 1), "(the sizes of a heap)");
    await expectRefused(new Uint8Array(0), "not a file in HDF5");
    await expectRefused(await hdf5(() => {}), "no model_config", "save the whole model");
    await expectRefused(
      await hdf5((file) => file.create_attribute("model_config", "{")),
      "model_config is not JSON",
    );
    const deep = `${"[".repeat(400)}${"]".repeat(400)}`;
    await expectRefused(
      await hdf5((file) => file.create_attribute("model_config", deep)),
      "nested more than 300 deep",
    );
    await expectRefused(
      await hdf5((file) => file.create_attribute("model_config", [1, 2])),
      "model_config is no text",
    );
  });

  it("is refused where parts of an archive are missing or damaged", async () => {
    const entries = await kerasOf(await saved(small));
    const without = (name: string) => new Map([...entries].filter(([own]) => own !== name));
    await expectRefused(
      without("config.json"),
      "a zip archive without config.json",
      "expected a .keras file",
    );
    await expectRefused(without("model.weights.h5"), "a zip archive without model.weights.h5");
    const cut = entries.get("model.weights.h5")!.subarray(0, 900);
    await expectRefused(
      new Map([...entries, ["model.weights.h5", cut]]),
      "model.weights.h5: damaged, cut short",
    );
    await expectRefused(
      new Map([...entries, ["config.json", Uint8Array.of(255)]]),
      "config.json is not JSON",
    );
    await expectSame(small, await ofFile(without("metadata.json")));
  });

  it("is refused where weights are missing, of another type, or too large for the file", async () => {
    const files = await saved(small);
    const config = JSON.stringify(files.json.modelTopology);
    const written = (fill: (group: ReturnType<File["create_group"]>) => void) =>
      hdf5((file) => {
        file.create_attribute("model_config", config);
        const group = file.create_group("model_weights").create_group("d");
        group.create_attribute("weight_names", ["d/kernel:0", "d/bias:0"], [2], "S10");
        fill(group.create_group("d"));
      });
    await expectRefused(await written(() => {}), 'Dense "d": its weight kernel is missing');
    const kernel = (data: Float32Array | string[], shape: number[], dtype: string, chunks?: number[]) =>
      written((group) =>
        group.create_dataset({
          name: "kernel:0",
          data,
          shape,
          dtype,
          ...(chunks && { chunks, compression: 1 }),
        }),
      );
    await expectRefused(
      await kernel(["a"], [1], "S1"),
      "its numbers are not float32, float64 or whole numbers",
    );
    const zeros = await kernel(new Float32Array(2 ** 22 + 2), [2 ** 21 + 1, 2], "<f", [2 ** 19, 2]);
    await expectRefused(zeros, "more than 100 times its size");
    const turned = await kernel(new Float32Array(4), [4, 1], "<f");
    await expect(ofFile(turned)).rejects.toThrow(
      "its weight kernel is [4, 1] in the file, the layer expects [any, 2]",
    );
  });

  it("names the layer without a rule, and the nested model with several outputs", async () => {
    const files = await saved(small);
    const text = JSON.stringify(files.json.modelTopology);
    const other = (from: string, to: string) => h5Of(files, JSON.parse(text.replace(from, to)) as Json);
    const odd = ofFile(await other('"class_name":"Dense"', '"class_name":"LSTM"'));
    await expect(odd).rejects.toThrow(
      /LSTM "d": there is no rule .*\nleave the layer out, or export the model as ONNX/s,
    );
    await expect(odd).rejects.toThrow(UnsupportedOpError);
    const { model } = nested();
    const whole = await saved(model);
    const several = JSON.stringify(whole.json.modelTopology).replace(
      '"output_layers":[["flat",0,0]]',
      '"output_layers":[["flat",0,0],["conv",0,0]]',
    );
    await expect(ofFile(await h5Of(whole, JSON.parse(several) as Json))).rejects.toThrow(
      '"base": a nested model with 1 inputs and 2 outputs',
    );
  });

  it("leaves nothing behind in the memory of the library", async () => {
    const { ready } = await import("h5wasm");
    const { FS } = await ready;
    const bytes = await h5Of(await saved(small));
    const names = () => (FS as { readdir(path: string): string[] }).readdir("/");
    const before = names();
    await readKerasFile(bytes);
    await expectRefused(bytes.subarray(0, 40), "not a file");
    expect(names()).toEqual(before);
  });
});
