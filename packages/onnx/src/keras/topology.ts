import { DataError, UnsupportedOpError } from "@flowify/core";

/** A layer in `model.json`. */
export type KerasLayer = Readonly<{
  className: string;
  name: string;
  config: { readonly [key: string]: unknown };
  /** Names of its input layers. */
  inputs: readonly string[];
}>;

/** The layers of a model, in the order of the file, and its output layers. */
export type Topology = Readonly<{
  version: string;
  layers: readonly KerasLayer[];
  outputs: readonly string[];
}>;

type Key =
  | "modelTopology"
  | "keras_version"
  | "model_config"
  | "class_name"
  | "config"
  | "layers"
  | "output_layers";
type LayerKey = "name" | "inbound_nodes" | "args" | "keras_history";
type Json = { readonly [K in Key | LayerKey]?: unknown };

const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Most layers: no real network is a longer chain. */
const MOST_LAYERS = 10_000;

/** Deepest nesting of the arguments of a layer. */
const DEEPEST = 8;

/**
 * The layers of `modelTopology`: a sequential or functional model of Keras 2, Keras 3 or TensorFlow.js.
 *
 * @throws DataError for another kind of file; UnsupportedOpError for layers that are models, or used twice
 */
export function readTopology(model: unknown): Topology {
  const topology = isJson(model) ? model.modelTopology : undefined;
  if (!isJson(topology))
    throw new DataError(
      "no modelTopology\nexpected the model.json of a layers model, as tf.js and its converter save it",
    );
  const version = typeof topology.keras_version === "string" ? topology.keras_version : "";
  const { className, config } = layerOf(topology.model_config ?? topology, "the model");
  const listed = Array.isArray(config) ? config : (config as Json).layers;
  if (!Array.isArray(listed) || listed.length === 0 || listed.length > MOST_LAYERS)
    throw new DataError(`the model has no list of 1 to ${MOST_LAYERS} layers\nexport it again`);
  if (className === "Sequential") return { version, ...sequential(listed) };
  if (className !== "Model" && className !== "Functional")
    throw new UnsupportedOpError(
      className,
      "the model",
      `a model of class ${className}, expected Sequential or Functional`,
    );
  const layers = listed.map(
    (each, i): KerasLayer => ({ ...namedLayer(each, i), inputs: inputsOf(each as Json) }),
  );
  return { version, layers, outputs: tensorsOf((config as Json).output_layers, "the model") };
}

/** Class and configuration of a serialized object. */
function layerOf(value: unknown, what: string): { className: string; config: unknown } {
  const { class_name: className, config } = isJson(value) ? value : {};
  if (typeof className === "string" && typeof config === "object" && config !== null)
    return { className, config };
  throw new DataError(`${what} has no class_name and config\nexport the model again`);
}

function namedLayer(value: unknown, index: number): Omit<KerasLayer, "inputs"> {
  const { className, config } = layerOf(value, `layer ${index}`);
  const name = (config as Json).name ?? (value as Json).name;
  if (typeof name !== "string" || name === "")
    throw new DataError(`layer ${index} has no name\nexport the model again`);
  return { className, name, config: config as KerasLayer["config"] };
}

/** The input of each layer is the one before. */
function sequential(listed: readonly unknown[]): Pick<Topology, "layers" | "outputs"> {
  const layers: KerasLayer[] = [];
  for (const [i, each] of listed.entries()) {
    const layer = namedLayer(each, i);
    const before = layers.at(-1);
    if (!before && layer.className !== "InputLayer")
      layers.push({ className: "InputLayer", name: `${layer.name}_input`, config: layer.config, inputs: [] });
    layers.push({ ...layer, inputs: layers.slice(-1).map(({ name }) => name) });
  }
  return { layers, outputs: layers.slice(-1).map(({ name }) => name) };
}

/** Names of the input layers of a functional layer. */
function inputsOf({ name, class_name: className, inbound_nodes: nodes }: Json): readonly string[] {
  const calls = Array.isArray(nodes) ? nodes : [];
  if (calls.length > 1)
    throw new UnsupportedOpError(
      String(className),
      String(name),
      `${String(className)} ${JSON.stringify(name)}: it is used ${calls.length} times, expected once`,
    );
  return calls.length === 0 ? [] : tensorsOf(calls[0], String(name));
}

/** The layers of tensors written as `["dense", 0, 0]`, as lists of these, or in the form of Keras 3. */
function tensorsOf(value: unknown, what: string, depth = 0): string[] {
  if (depth > DEEPEST)
    throw new DataError(`${what}: its inputs are nested too deeply\nexport the model again`);
  if (isJson(value)) {
    const config = value.config;
    if (value.class_name === "__keras_tensor__" && isJson(config))
      return tensorsOf(config.keras_history, what, depth + 1);
    return tensorsOf(value.args, what, depth + 1);
  }
  if (!Array.isArray(value)) throw new DataError(`${what}: no list of layers\nexport the model again`);
  const [name, node, tensor] = value as unknown[];
  if (typeof name !== "string") return value.flatMap((each) => tensorsOf(each, what, depth + 1));
  if (node === 0 && tensor === 0) return [name];
  throw new DataError(
    `${what}: has result ${String(tensor)} of use ${String(node)} of ${JSON.stringify(name)} as input, expected result 0 of use 0`,
  );
}
