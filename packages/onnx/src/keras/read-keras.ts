import { DataError } from "@flowify/core";
import type { ExternalData } from "../import/tensor.js";
import { Hdf5 } from "./hdf5.js";
import { parsedJson } from "./json.js";
import { weightsOfManifest } from "./manifest.js";
import { weightsOfArchive, weightsOfH5 } from "./stored-weights.js";
import { kerasToOnnx } from "./to-graph.js";
import { isJson, readTopology } from "./topology.js";

type ModelJson = { modelTopology?: unknown; weightsManifest?: unknown };
type TopologyJson = { keras_version?: unknown; model_config?: unknown };

/** True if a JSON document is the `model.json` of a Keras or TensorFlow.js model. */
export const isKeras = (json: unknown): boolean =>
  typeof json === "object" && json !== null && ("modelTopology" in json || "weightsManifest" in json);

/**
 * A layers model of Keras or TensorFlow.js as the bytes of an ONNX file, for `readOnnx`: `model.json` with its
 * `modelTopology` and `weightsManifest`, and the shards next to it.
 *
 * @param beside returns the bytes of a file next to `model.json`
 * @throws UnsupportedOpError for a layer without a rule, with class and name; DataError for a file that is not a layers
 * model, and for weights that are missing or do not fit
 */
export function readKeras(json: unknown, beside: ExternalData): Uint8Array {
  const { modelTopology: topology, weightsManifest } = json as ModelJson;
  if (!isJson(topology))
    throw new DataError(
      "no modelTopology\nexpected the model.json of a layers model, as tf.js and its converter save it",
    );
  const { keras_version: version, model_config: model = topology } = topology as TopologyJson;
  return kerasToOnnx(
    readTopology(model, typeof version === "string" ? version : ""),
    weightsOfManifest(weightsManifest, beside),
  );
}

/**
 * A model that Keras 2 or 3 saved as a file, as the bytes of an ONNX file, for `readOnnx`. Needs the optional package
 * `h5wasm`.
 *
 * @param file the bytes of an `.h5` file; or, of a `.keras` file, a function that returns the bytes of an entry of this
 * zip archive: `config.json`, `metadata.json` and `model.weights.h5`
 * @throws DataError for a damaged file, one that holds weights alone, and weights that are missing or do not fit;
 * UnsupportedOpError for a layer without a rule, with class and name; UsageError if `h5wasm` is not installed
 *
 * Source: `save_model_to_hdf5` of keras/src/legacy/saving/legacy_h5_format.py, `save_model` of
 * keras/src/saving/saving_lib.py
 */
export const readKerasFile = (file: Uint8Array | ExternalData): Promise<Uint8Array> =>
  typeof file === "function" ? readArchive(file) : readH5(file);

async function readH5(bytes: Uint8Array): Promise<Uint8Array> {
  const file = await Hdf5.open(bytes);
  try {
    const [config] = file.texts("/", "model_config") ?? [];
    if (config === undefined)
      throw new DataError(
        'no model_config: not a model of Keras, or its weights alone\nsave the whole model: model.save("model.keras")',
      );
    const [version = ""] = file.texts("/", "keras_version") ?? [];
    return kerasToOnnx(readTopology(parsedJson(config, "model_config"), version), weightsOfH5(file));
  } finally {
    file.close();
  }
}

async function readArchive(entry: ExternalData): Promise<Uint8Array> {
  const [config, weights] = ["config.json", "model.weights.h5"].map((name) => {
    const bytes = entry(name);
    if (bytes) return bytes;
    throw new DataError(
      `a zip archive without ${name}: not a model of Keras\nexpected a .keras file as model.save writes it`,
    );
  });
  const metadata = parsedJson(entry("metadata.json") ?? "{}", "metadata.json");
  const { keras_version: version } = (metadata ?? {}) as TopologyJson;
  const topology = readTopology(
    parsedJson(config!, "config.json"),
    typeof version === "string" ? version : "3",
  );
  const file = await Hdf5.open(weights!, "model.weights.h5: ");
  try {
    return kerasToOnnx(topology, weightsOfArchive(file));
  } finally {
    file.close();
  }
}
