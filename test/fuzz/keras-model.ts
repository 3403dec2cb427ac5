const weights = [
  { name: "conv/kernel", shape: [3, 3, 2, 2], dtype: "float32" },
  { name: "conv/bias", shape: [2], dtype: "float32" },
  { name: "slopes/alpha", shape: [1, 1, 2], dtype: "float32" },
  {
    name: "scores/kernel",
    shape: [18, 3],
    dtype: "float32",
    quantization: { dtype: "uint8", scale: 0.01, min: -1 },
  },
];

const layer = (className: string, name: string, config: object, ...inputs: string[]) => ({
  class_name: className,
  name,
  config: { name, ...config },
  inbound_nodes: inputs.length > 0 ? [inputs.map((input) => [input, 0, 0, {}])] : [],
});

/** The `model.json` of a residual network with a convolution, pooling and a dense layer. */
export const kerasModel = {
  modelTopology: {
    keras_version: "2.15.0",
    model_config: {
      class_name: "Functional",
      config: {
        layers: [
          layer("InputLayer", "x", { batch_input_shape: [null, 6, 6, 2] }),
          layer("Conv2D", "conv", { strides: [1, 1], padding: "same", activation: "relu" }, "x"),
          layer("Add", "sum", {}, "conv", "x"),
          layer("PReLU", "slopes", { shared_axes: [1, 2] }, "sum"),
          layer("MaxPooling2D", "pool", { pool_size: [2, 2], strides: null }, "slopes"),
          layer("Reshape", "flat", { target_shape: [18] }, "pool"),
          layer("Dense", "scores", { use_bias: false, activation: "softmax" }, "flat"),
        ],
        input_layers: [["x", 0, 0]],
        output_layers: [["scores", 0, 0]],
      },
    },
  },
  weightsManifest: [{ paths: ["shard.bin"], weights }],
};

/** The bytes of its shard. */
export const kerasShard = Uint8Array.of(
  ...new Uint8Array(Float32Array.from({ length: 40 }, (_, i) => 0.1 + Math.abs(Math.sin(i))).buffer),
  ...Uint8Array.from({ length: 54 }, (_, i) => 4 * i),
);

const plain = weights.map(({ name, shape, dtype }) => ({ name, shape, dtype }));

/** The same model without quantized weights, for the files of Keras. */
export const kerasSaved = {
  json: {
    modelTopology: kerasModel.modelTopology.model_config,
    weightsManifest: [{ paths: [], weights: plain }],
  },
  shard: new Uint8Array(Float32Array.from({ length: 94 }, (_, i) => 0.1 + Math.abs(Math.sin(i))).buffer),
};
