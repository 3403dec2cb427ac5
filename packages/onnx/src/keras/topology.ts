import { DataError, UnsupportedOpError } from "@flowify/core";
import { firstShape, isModel, slotNames } from "./nested.js";

/** A layer in the configuration of a model. */
export type KerasLayer = Readonly<{
  className: string;
  /** Its name; within a nested model, after the names of the models around it: `"base/conv"`. */
  name: string;
  config: { readonly [key: string]: unknown };
  /** Names of its input layers. An `InputLayer` of a nested model has the layer that feeds it. */
  inputs: readonly string[];
  /** Where its weights are. */
  place: WeightPlace;
}>;

/** The names that the kinds of files find the weights of a layer by. */
type WeightPlace = Readonly<{
  /** Its own name, without those of the models around it. */
  own: string;
  /** Name of the outermost model or layer that holds it: its group in an `.h5` file. */
  group: string;
  /** Its group in the weights of a `.keras` file: `"layers/conv2d_1"`. */
  slot: string;
}>;

/** The layers of a model, in the order of the file, and its output layers. */
export type Topology = Readonly<{
  version: string;
  layers: readonly KerasLayer[];
  outputs: readonly string[];
}>;

type Key = "class_name" | "config" | "layers" | "input_layers" | "output_layers" | "build_input_shape";
type LayerKey = "name" | "inbound_nodes" | "args" | "keras_history";
type Json = { readonly [K in Key | LayerKey]?: unknown };
type Serialized = Readonly<{ className: string; name: string; config: KerasLayer["config"]; calls: unknown }>;
/** A model around layers: the start of their names and places. */
type Outer = Readonly<{ name: string; group?: string; slot: string; depth: number }>;
type Inner = Readonly<{ layers: KerasLayer[]; inputs: readonly string[]; outputs: readonly string[] }>;

export const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Most layers: no real network is a longer chain. */
const MOST_LAYERS = 10_000;

/** Deepest nesting of the arguments of a layer, and of models. */
const DEEPEST = 8;

/**
 * The layers of a serialized model: a sequential or functional model of Keras 2, Keras 3 or TensorFlow.js. A model
 * inside of it is replaced by its layers.
 *
 * @param model its `class_name` and `config`
 * @param version that of Keras; "" if the file does not say
 * @throws DataError for another kind of file; UnsupportedOpError for other models, or layers that are used twice
 */
export function readTopology(model: unknown, version: string): Topology {
  const { layers, outputs } = layersOf(serialized(model, "the model"), { name: "", slot: "", depth: 0 });
  return { version, layers, outputs };
}

function layersOf({ className, config }: ReturnType<typeof serialized>, outer: Outer): Inner {
  const listed = Array.isArray(config) ? (config as unknown[]) : (config as Json).layers;
  if (!Array.isArray(listed) || listed.length === 0 || listed.length > MOST_LAYERS || outer.depth > DEEPEST)
    throw new DataError(
      `the model has no list of 1 to ${MOST_LAYERS} layers, or is nested too deeply\nsave it again`,
    );
  const own = listed.map((each, i) => namedLayer(each, i, outer));
  if (className === "Sequential")
    return assembled(own, outer, sequential(own, (config as Json).build_input_shape));
  if (!isModel(className))
    throw new UnsupportedOpError(
      className,
      "the model",
      `a model of class ${className}, expected Sequential or Functional`,
    );
  const nested = new Set(own.filter((layer) => isModel(layer.className)).map(({ name }) => name));
  const inputs = own.map((layer) => inputsOf(layer, nested));
  const { input_layers: from, output_layers: to } = config as Json;
  return assembled(own, outer, {
    layers: own.map((layer, i) => ({ ...layer, inputs: inputs[i]! })),
    inputs: outer.depth > 0 ? tensorsOf(from, "the model", nested) : [],
    outputs: tensorsOf(to, "the model", nested),
  });
}

/** Class and configuration of a serialized object. */
function serialized(value: unknown, what: string): { className: string; config: object } {
  const { class_name: className, config } = isJson(value) ? value : {};
  if (typeof className === "string" && typeof config === "object" && config !== null)
    return { className, config };
  throw new DataError(`${what} has no class_name and config\nsave the model again`);
}

function namedLayer(value: unknown, index: number, { name: outer }: Outer): Serialized {
  const { className, config } = serialized(value, `${outer}layer ${index}`);
  const name = (config as Json).name ?? (value as Json).name;
  if (typeof name !== "string" || name === "")
    throw new DataError(`${outer}layer ${index} has no name\nsave the model again`);
  return { className, name, config: config as KerasLayer["config"], calls: (value as Json).inbound_nodes };
}

type Linked = Readonly<{
  layers: readonly (Omit<Serialized, "calls"> & { inputs: readonly string[] })[];
  inputs: readonly string[];
  outputs: readonly string[];
}>;

/** The input of each layer is the one before. */
function sequential(own: readonly Serialized[], built: unknown): Linked {
  const [first] = own;
  const shape = { batch_shape: firstShape(first) ?? built };
  const start = { className: "InputLayer", name: `${first!.name}_input`, config: shape, inputs: [] };
  const chain = first!.className === "InputLayer" ? own : [start, ...own];
  const layers = chain.map((layer, i) => ({ ...layer, inputs: i === 0 ? [] : [chain[i - 1]!.name] }));
  return { layers, inputs: [chain[0]!.name], outputs: layers.slice(-1).map(({ name }) => name) };
}

/** Layers with their full names and places; those of nested models instead of these. */
function assembled(own: readonly Serialized[], outer: Outer, { layers, inputs, outputs }: Linked): Inner {
  const slots = slotNames(own);
  const full = (name: string): string => `${outer.name}${name}`;
  const all = layers.flatMap(({ className, name, config, inputs: from }): KerasLayer[] => {
    const place = {
      own: name,
      group: outer.group ?? name,
      slot: `${outer.slot}layers/${slots.get(name) ?? name}`,
    };
    const layer = { className, name: full(name), config, inputs: from.map(full), place };
    if (!isModel(className)) return [layer];
    const inner = layersOf(
      { className, config },
      {
        name: `${layer.name}/`,
        group: place.group,
        slot: `${place.slot}/`,
        depth: outer.depth + 1,
      },
    );
    if (inner.inputs.length !== from.length || inner.outputs.length !== 1)
      throw new UnsupportedOpError(
        className,
        layer.name,
        `${className} ${JSON.stringify(layer.name)}: a nested model with ${inner.inputs.length} inputs and ${inner.outputs.length} outputs, used with ${from.length} inputs; expected as many inputs, and one output`,
      );
    const fed = inner.layers.map((each) => {
      const at = inner.inputs.indexOf(each.name);
      return each.className === "InputLayer" && at >= 0 ? { ...each, inputs: [layer.inputs[at]!] } : each;
    });
    return [...fed, { ...layer, className: "InputLayer", inputs: inner.outputs }];
  });
  return { layers: all, inputs: inputs.map(full), outputs: outputs.map(full) };
}

/** Names of the input layers of a functional layer. */
function inputsOf({ name, className, calls }: Serialized, nested: ReadonlySet<string>): readonly string[] {
  const uses: unknown[] = Array.isArray(calls) ? calls : [];
  if (uses.length > 1)
    throw new UnsupportedOpError(
      className,
      name,
      `${className} ${JSON.stringify(name)}: it is used ${uses.length} times, expected once`,
    );
  return uses.length === 0 ? [] : tensorsOf(uses[0], name, nested);
}

/** The layers of tensors written as `["dense", 0, 0]`, as lists of these, or in the form of Keras 3. */
function tensorsOf(value: unknown, what: string, nested: ReadonlySet<string>, depth = 0): string[] {
  if (depth > DEEPEST) throw new DataError(`${what}: its inputs are nested too deeply\nsave the model again`);
  if (isJson(value)) {
    const config = value.config;
    if (value.class_name === "__keras_tensor__" && isJson(config))
      return tensorsOf(config.keras_history, what, nested, depth + 1);
    return tensorsOf(value.args, what, nested, depth + 1);
  }
  if (!Array.isArray(value)) throw new DataError(`${what}: no list of layers\nsave the model again`);
  const [name, node, tensor] = value as unknown[];
  if (typeof name !== "string") return value.flatMap((each) => tensorsOf(each, what, nested, depth + 1));
  // use 0 of a functional model is that of its own inputs (kept_nodes = 1 in get_config of keras/src/models/functional.py)
  if (tensor === 0 && (node === 0 || (node === 1 && nested.has(name)))) return [name];
  throw new DataError(
    `${what}: has result ${String(tensor)} of use ${String(node)} of ${JSON.stringify(name)} as input, expected result 0 of use 0`,
  );
}

/** Numbers of a layer in row-major order. */
export type Weight = Readonly<{ shape: readonly number[]; data: Float32Array }>;

/** The weights of a model, by layer and name; undefined if missing. */
export type KerasWeights = (layer: KerasLayer, weight: string) => Weight | undefined;
