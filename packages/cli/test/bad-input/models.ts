import { h5Of, hdf5, type Json, kerasOf } from "../../../onnx/test/keras/stored.js";
import { zipBytes } from "../data/zip-files.js";
import type { BadCommand, Place } from "./bad-input.js";

const layers = [
  { class_name: "Flatten", config: { name: "flat", batch_input_shape: [null, 2, 2, 1] } },
  { class_name: "Dense", config: { name: "scores", units: 2 } },
];
const weights = [
  { name: "scores/kernel", shape: [4, 2], dtype: "float32" },
  { name: "scores/bias", shape: [2], dtype: "float32" },
];
const saved = {
  json: {
    modelTopology: { class_name: "Sequential", config: { name: "m", layers } },
    weightsManifest: [{ paths: [], weights }],
  },
  shard: new Uint8Array(40),
};
/** The model with a part of its configuration replaced. */
const changed = (from: string, to: string): Json =>
  JSON.parse(JSON.stringify(saved.json.modelTopology).replace(from, to)) as Json;

const converting =
  (name: string, bytes: () => Promise<Uint8Array>) =>
  async ({ write }: Place) => {
    const file = write(name, await bytes());
    return ["convert", file, "--out", `${file}-converted`];
  };

const archive = async (change: (entries: Map<string, Uint8Array>) => void): Promise<Uint8Array> => {
  const entries = await kerasOf(saved);
  change(entries);
  return zipBytes([...entries].map(([name, content]) => ({ name, content })));
};

const graphModel = JSON.stringify({
  format: "graph-model",
  modelTopology: { node: [] },
  weightsManifest: [],
});

const data = { status: 2, code: "DATA" } as const;

/** Files of pretrained networks. */
export const models: readonly BadCommand[] = [
  {
    input: "an .h5 file that is cut short",
    args: converting("m.h5", async () => (await h5Of(saved)).subarray(0, 2000)),
    ...data,
    says: ["m.h5: damaged, cut short, or not a file in HDF5", "save the model again"],
  },
  {
    input: "an .h5 file of weights alone",
    args: converting("m.weights.h5", () => hdf5((file) => file.create_group("layers"))),
    ...data,
    says: ["m.weights.h5: no model_config", "save the whole model: model.save("],
  },
  {
    input: "an .h5 file whose weights have another shape",
    args: converting("m.h5", () => h5Of(saved, changed('"units":2', '"units":3'))),
    status: 2,
    code: "SHAPE",
    says: ['Dense "scores": its weight kernel is [4, 2] in the file', "the layer expects [any, 3]"],
  },
  {
    input: "a .keras file without weights",
    args: converting("m.keras", () => archive((entries) => entries.delete("model.weights.h5"))),
    ...data,
    says: ["m.keras: a zip archive without model.weights.h5", "expected a .keras file"],
  },
  {
    input: "a .keras file with a layer that has no rule",
    args: converting("m.keras", async () => {
      const entries = await kerasOf(saved, { config: changed('"Dense"', '"Attention"') });
      return zipBytes([...entries].map(([name, content]) => ({ name, content })));
    }),
    status: 3,
    code: "UNSUPPORTED_OP",
    says: [
      'm.keras: Attention "scores": there is no rule',
      "leave the layer out, or export the model as ONNX",
    ],
  },
  {
    input: "a .keras file that is a zip bomb",
    args: converting("m.keras", () =>
      archive((entries) => entries.set("model.weights.h5", new Uint8Array(2 ** 25))),
    ),
    ...data,
    says: ["m.keras: model.weights.h5 unpacks to 33554432 bytes", "save the model again"],
  },
  {
    input: "a zip archive of another program",
    args: converting("net.zip", async () =>
      zipBytes([{ name: "archive/data.pkl", content: Uint8Array.of(1, 2, 3) }]),
    ),
    ...data,
    says: ["net.zip: a zip archive without config.json", "expected a .keras file"],
  },
  ...[
    ["a graph model of TensorFlow.js", "model.json", graphModel, "--tfjs model.json --output model.onnx"],
    ["a model of TensorFlow Lite", "m.tflite", "\x1c\0\0\0TFL3\0", "--tflite model.tflite"],
    ["a graph of TensorFlow", "saved_model.pb", "\x08\x01", "--saved-model FOLDER"],
    ["a file of PyTorch", "net.pt", "PK\x03\x04", 'torch.onnx.export(model, example, "model.onnx")'],
    ["a file of PyTorch", "net.bin", "\x80\x02}q", 'torch.onnx.export(model, example, "model.onnx")'],
    ["weights alone", "net.safetensors", "\x08\0\0\0\0\0\0\0{}", "torch.onnx.export("],
    ["a model in ONNX Runtime's own format", "m.ort", "\x1c\0\0\0ORTM\0", "take the .onnx file"],
  ].map(
    ([what, name, content, instead]): BadCommand => ({
      input: `${what}, as ${name}`,
      args: converting(name!, async () => Buffer.from(content!, "latin1")),
      ...data,
      says: [`${name}: ${what}`, instead!],
    }),
  ),
];
