import { File, ready } from "h5wasm";
import type { ConvertedNetwork } from "../../src/browser.js";
import { convertOnnx, readKerasFile, readOnnx } from "../../src/index.js";
import type { Saved } from "./models.js";

export type Json = { [key: string]: unknown };
type Serialized = {
  class_name: string;
  config: Json & { name: string; layers?: Serialized[] };
  inbound_nodes?: unknown[][][];
};
type Weight = { name: string; shape: number[]; data: Float32Array };

const configOf = ({ json }: Saved): Serialized => structuredClone(json.modelTopology) as Serialized;

/** The weights of a layer, in the order of TensorFlow.js: that of Keras. */
function weightsOf({ json, shard }: Saved): (layer: string) => Weight[] {
  let at = 0;
  const all = json.weightsManifest[0]!.weights.map(({ name, shape }): Weight => {
    const bytes = 4 * shape.reduce((a, b) => a * b, 1);
    at += bytes;
    return { name, shape, data: new Float32Array(shard.slice(at - bytes, at).buffer) };
  });
  return (layer) => all.filter(({ name }) => name.split("/").at(-2) === layer);
}

/** Writes a file in HDF5 with `fill`, and returns its bytes. */
export async function hdf5(fill: (file: File) => void): Promise<Uint8Array> {
  const { FS } = await ready;
  const files = FS as { readFile(path: string): Uint8Array<ArrayBuffer> };
  const file = new File("/written.h5", "w");
  fill(file);
  file.close();
  return files.readFile("/written.h5").slice();
}

/** Lists of names are strings of fixed length, as h5py writes `[name.encode("utf8")]`. */
const names = (list: readonly string[]): [string[], number[], string] => [
  [...list],
  [list.length],
  `S${Math.max(1, ...list.map(({ length }) => length))}`,
];

/**
 * A model as `model.save("model.h5")` of Keras 2 writes it.
 * Source: `save_model_to_hdf5` of keras/src/legacy/saving/legacy_h5_format.py
 */
export const h5Of = (
  saved: Saved,
  config: Json = configOf(saved),
  nameOf = (weight: string): string => `${weight}:0`,
): Promise<Uint8Array> =>
  hdf5((file) => {
    file.create_attribute("keras_version", "2.15.0");
    file.create_attribute("backend", "tensorflow");
    file.create_attribute("model_config", JSON.stringify(config));
    const group = file.create_group("model_weights");
    const layers = (config as Serialized).config.layers ?? [];
    const weights = weightsOf(saved);
    group.create_attribute("layer_names", ...names(layers.map((layer) => layer.config.name)));
    for (const layer of layers) {
      const own = group.create_group(layer.config.name);
      const inner = layer.config.layers ?? [layer];
      const found = inner.flatMap((each) => weights(each.config.name));
      if (found.length > 0)
        own.create_attribute("weight_names", ...names(found.map(({ name }) => nameOf(name))));
      for (const { name, shape, data } of found) {
        const path = nameOf(name).split("/");
        let place: Pick<typeof own, "create_group" | "create_dataset"> = own;
        path.slice(0, -1).forEach((_, i) => {
          const at = path.slice(0, i + 1).join("/");
          place = (own.get(at) as typeof own | null) ?? place.create_group(path[i]!);
        });
        place.create_dataset({ name: path.at(-1)!, data, shape, dtype: "<f" });
      }
    }
  });

/** Groups in the weights of a `.keras` file. */
const slots: { readonly [className: string]: string } = {
  Dense: "dense",
  Conv1D: "conv1d",
  Conv2D: "conv2d",
  DepthwiseConv2D: "depthwise_conv2d",
  SeparableConv2D: "separable_conv2d",
  BatchNormalization: "batch_normalization",
  PReLU: "p_re_lu",
  Normalization: "normalization",
  Sequential: "sequential",
  Functional: "functional",
};

/** The configuration of a model of Keras 2 in the form of Keras 3: `get_config` of keras/src/models/functional.py */
export function inKeras3({ class_name: className, config, inbound_nodes: calls }: Serialized): Serialized {
  const { batch_input_shape: shape, activation, layers, ...options } = config;
  const tensors = calls?.[0]?.map(([name, node]) => ({
    class_name: "__keras_tensor__",
    config: { shape: [null], dtype: "float32", keras_history: [name, node, 0] },
  }));
  return {
    class_name: className === "Model" ? "Functional" : className,
    config: {
      ...options,
      ...(shape !== undefined && { batch_shape: shape }),
      ...(activation !== undefined && { activation: { class_name: "function", config: activation } }),
      ...(layers && { layers: layers.map(inKeras3) }),
    },
    ...(calls && {
      inbound_nodes: (tensors
        ? [{ args: tensors.length > 1 ? [tensors] : tensors, kwargs: {} }]
        : []) as never,
    }),
  };
}

/**
 * The entries of what `model.save("model.keras")` of Keras 3 writes.
 * Source: `_save_model_to_fileobj` and `_save_container_state` of keras/src/saving/saving_lib.py
 */
export async function kerasOf(
  saved: Saved,
  { config = configOf(saved), version = "3.8.0" }: { config?: Json; version?: string } = {},
): Promise<Map<string, Uint8Array>> {
  const weights = weightsOf(saved);
  const write = (place: Pick<File, "create_group">, layers: readonly Serialized[]): void => {
    const used = new Map<string, number>();
    const group = place.create_group("layers");
    for (const { class_name: className, config: own } of layers) {
      const slot = slots[className];
      if (slot === undefined) continue;
      const count = used.get(slot) ?? 0;
      used.set(slot, count + 1);
      const at = group.create_group(count === 0 ? slot : `${slot}_${count}`);
      if (own.layers) write(at, own.layers);
      const vars = at.create_group("vars");
      vars.create_attribute("name", own.name);
      weights(own.name).forEach(({ shape, data }, i) => {
        vars.create_dataset({ name: `${i}`, data, shape, dtype: "<f" });
      });
    }
  };
  const model = inKeras3(config as Serialized);
  const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
  return new Map([
    ["metadata.json", text({ keras_version: version, date_saved: "2025-01-01@00:00:00" })],
    ["config.json", text({ module: "keras", ...model })],
    ["model.weights.h5", await hdf5((file) => write(file, model.config.layers!))],
  ]);
}

export const ofFile = async (file: Uint8Array | Map<string, Uint8Array>): Promise<ConvertedNetwork> =>
  convertOnnx(readOnnx(await readKerasFile(file instanceof Map ? (name) => file.get(name) : file)));
