import * as tf from "@tensorflow/tfjs-layers";
import { describe, expect, it } from "vitest";
import { kerasLayers } from "../../src/keras/layers.js";
import { branching, converted, expectSame, saved, sequential } from "./models.js";
import { h5Of, inKeras3, kerasOf, ofFile } from "./stored.js";

const { layers } = tf;
const image = [7, 6, 2];
const line = [8, 3];

/** Every class of layer that TensorFlow.js has, in the forms that it is used in. */
const models: { readonly [className: string]: () => tf.LayersModel[] } = {
  Dense: () => [
    sequential(
      [4],
      layers.dense({ units: 3 }),
      layers.dense({ units: 2, useBias: false, activation: "sigmoid" }),
    ),
    sequential([3, 4], layers.dense({ units: 2, activation: "tanh" })),
  ],
  Conv1D: () => [
    sequential(line, layers.conv1d({ filters: 4, kernelSize: 3 })),
    sequential(
      line,
      layers.conv1d({ filters: 2, kernelSize: 2, strides: 2, padding: "same", activation: "elu" }),
    ),
  ],
  Conv2D: () => [
    sequential(image, layers.conv2d({ filters: 3, kernelSize: 3 })),
    sequential(
      image,
      layers.conv2d({ filters: 3, kernelSize: [2, 3], strides: 2, padding: "same", useBias: false }),
    ),
    sequential(image, layers.conv2d({ filters: 3, kernelSize: 2, dilationRate: 2, activation: "softplus" })),
    sequential([2, 6, 7], layers.conv2d({ filters: 3, kernelSize: 2, dataFormat: "channelsFirst" })),
  ],
  DepthwiseConv2D: () => [
    sequential(image, layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: "same" })),
    sequential(image, layers.depthwiseConv2d({ kernelSize: 2, strides: 2, useBias: false })),
  ],
  SeparableConv2D: () => [
    sequential(image, layers.separableConv2d({ filters: 3, kernelSize: 3, strides: 2, depthMultiplier: 2 })),
    sequential(
      image,
      layers.separableConv2d({ filters: 3, kernelSize: 2, padding: "same", activation: "selu" }),
    ),
  ],
  MaxPooling1D: () => [sequential(line, layers.maxPooling1d({ poolSize: 2 }))],
  MaxPooling2D: () => [
    sequential(image, layers.maxPooling2d({})),
    sequential(image, layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "same" })),
  ],
  AveragePooling1D: () => [sequential(line, layers.averagePooling1d({ poolSize: 3, strides: 2 }))],
  AveragePooling2D: () => [
    sequential(image, layers.averagePooling2d({ poolSize: [2, 3] })),
    sequential(image, layers.averagePooling2d({ poolSize: 3, strides: 2, padding: "same" })),
  ],
  GlobalMaxPooling1D: () => [sequential(line, layers.globalMaxPooling1d({}))],
  GlobalMaxPooling2D: () => [sequential(image, layers.globalMaxPooling2d({}))],
  GlobalAveragePooling1D: () => [sequential(line, layers.globalAveragePooling1d({}))],
  GlobalAveragePooling2D: () => [sequential(image, layers.globalAveragePooling2d({}))],
  ZeroPadding2D: () => [
    sequential(image, layers.zeroPadding2d({})),
    sequential(
      image,
      layers.zeroPadding2d({
        padding: [
          [1, 0],
          [0, 2],
        ],
      }),
    ),
  ],
  Flatten: () => [sequential(image, layers.flatten(), layers.dense({ units: 3 }))],
  Reshape: () => [sequential([12], layers.reshape({ targetShape: [2, -1] }))],
  Permute: () => [sequential(image, layers.permute({ dims: [3, 1, 2] }))],
  BatchNormalization: () => [
    sequential([5], layers.batchNormalization()),
    sequential(image, layers.batchNormalization({ scale: false, epsilon: 0.1 })),
  ],
  Activation: () =>
    (["relu", "relu6", "hardSigmoid", "softsign", "linear"] as const).map((activation) =>
      sequential([5], layers.dense({ units: 5 }), layers.activation({ activation })),
    ),
  ReLU: () => [sequential([5], layers.reLU()), sequential([5], layers.reLU({ maxValue: 1 }))],
  LeakyReLU: () => [sequential([5], layers.leakyReLU()), sequential([5], layers.leakyReLU({ alpha: 0.1 }))],
  PReLU: () => [sequential([5], layers.prelu()), sequential(image, layers.prelu({ sharedAxes: [1, 2] }))],
  ELU: () => [sequential([5], layers.elu())],
  Rescaling: () => [sequential([5], layers.rescaling({ scale: 0.5, offset: -1 }))],
  Dropout: () => [sequential([5], layers.dropout({ rate: 0.5 }), layers.dense({ units: 3 }))],
};

describe("readKeras", () => {
  it.for(Object.entries(models))("%s: what TensorFlow.js computes", async ([className, make]) => {
    for (const model of make()) {
      expect(model.layers.map((layer) => layer.getClassName())).toContain(className);
      const files = await saved(model);
      const version = className === "Activation" ? "2.15.0" : "3.8.0"; // Keras 3 has another hard sigmoid
      for (const result of [
        converted(files),
        await ofFile(await h5Of(files)),
        await ofFile(await kerasOf(files, { version })),
      ])
        await expectSame(model, result);
    }
  });

  it.for<[string, () => tf.LayersModel, (shape: number[]) => number[]]>([
    ["a dense kernel", () => sequential([4], layers.dense({ units: 8 })), ([a, b]) => [b!, a!]],
    ["a dense kernel of other units", () => sequential([4, 2], layers.dense({ units: 6 })), () => [2, 2, 3]],
    [
      "a kernel on its side",
      () => sequential(image, layers.conv2d({ filters: 3, kernelSize: [2, 3] })),
      ([a, b, ...more]) => [b!, a!, ...more],
    ],
    [
      "a kernel with its channels first",
      () => sequential(image, layers.conv2d({ filters: 3, kernelSize: 2 })),
      (shape) => [...shape].reverse(),
    ],
    [
      "a kernel of each channel",
      () => sequential(image, layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 3 })),
      ([a, b, c, d]) => [a!, b!, d!, c!],
    ],
    [
      "a kernel of lines",
      () => sequential([8, 3], layers.conv1d({ filters: 4, kernelSize: 3 })),
      ([a, b, c]) => [c!, b!, a!],
    ],
  ])("refuses a weight of another shape: %s", async ([, make, change]) => {
    const files = await saved(make());
    const [kernel] = files.json.weightsManifest[0]!.weights;
    const before = kernel!.shape;
    kernel!.shape = change(before);
    expect(() => converted(files)).toThrow(
      expect.objectContaining({
        code: "SHAPE",
        message: expect.stringContaining(
          `kernel is [${kernel!.shape.join(", ")}] in the file, the layer expects`,
        ),
      }),
    );
  });

  it("has a rule for every class, and no other", () => {
    const elsewhere = ["Add", "Subtract", "Concatenate", "Softmax", "ZeroPadding1D", "Normalization"]; // below
    const nothing = [
      "SpatialDropout1D",
      "SpatialDropout2D",
      "AlphaDropout",
      "GaussianDropout",
      "GaussianNoise",
      "ActivityRegularization",
      "RandomFlip",
      "RandomRotation",
      "RandomTranslation",
      "RandomZoom",
      "RandomContrast",
      "RandomBrightness",
    ];
    const all = [...Object.keys(models), ...elsewhere, ...nothing];
    expect(Object.keys(kerasLayers).sort()).toEqual(all.sort());
  });

  it("takes channels that are normalized on the first axis", async () => {
    // TensorFlow.js itself computes this with the channels last alone
    const { permute, batchNormalization } = layers;
    const around = [
      permute({ dims: [2, 3, 1] }),
      batchNormalization({ center: false }),
      permute({ dims: [3, 1, 2] }),
    ];
    const first = sequential([2, 6, 7], batchNormalization({ axis: 1, center: false }));
    const same = sequential([2, 6, 7], ...around);
    await saved(same); // gives it the same weights
    await expectSame(same, converted(await saved(first)));
  });

  it("leaves a softmax at the end out: the logits are the output", async () => {
    const model = sequential([4], layers.dense({ units: 3 }));
    const files = await saved(model);
    const text = JSON.stringify(files.json);
    const activated = {
      ...files,
      json: JSON.parse(text.replace('"activation":"linear"', '"activation":"softmax"')),
    };
    const { leftOut } = await expectSame(model, converted(activated));
    expect(leftOut.map(({ op }) => op)).toEqual(["Softmax"]);
    const own = sequential([4], layers.dense({ units: 3 }), layers.softmax());
    expect(converted(await saved(own)).leftOut.map(({ name }) => name)).toEqual([
      expect.stringMatching(/softmax.*Softmax/),
    ]);
  });
});

describe("functional models", () => {
  it("join branches by sums and concatenations", async () => {
    const model = branching();
    const { network } = await expectSame(model, converted(await saved(model)));
    expect(network.layers.filter(({ kind }) => kind === "branches")).toHaveLength(2);
  });

  it("are read as Keras 3 writes them", async () => {
    const model = branching();
    const { json, shard } = await saved(model);
    const own = inKeras3(json.modelTopology as Parameters<typeof inKeras3>[0]);
    own.config.layers!.reverse();
    const topology = { keras_version: "3.8.0", model_config: own };
    const weightsManifest = json.weightsManifest.map((group) => ({
      ...group,
      weights: group.weights.map((weight) => ({ ...weight, name: `functional/${weight.name}` })),
    }));
    await expectSame(model, converted({ json: { modelTopology: topology, weightsManifest }, shard }));
  });
});
