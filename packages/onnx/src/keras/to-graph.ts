import { DataError, UnsupportedOpError } from "@flowify/core";
import { type TensorInfo, toBytes } from "jax-to-onnx/internal";
import { KerasCall } from "./call.js";
import { type Emitted, Emitter } from "./emitter.js";
import { kerasLayers } from "./layers.js";
import type { KerasLayer, KerasWeights, Topology } from "./topology.js";

/**
 * The layers of a model as the bytes of an ONNX file. Images keep their channels last; before ONNX operators with
 * channels first, the channels are moved to the front, and back after them.
 *
 * @throws UnsupportedOpError for a layer without a rule, with class and name; DataError for weights that are missing or
 * do not fit, and for layers that do not follow one another
 */
export function kerasToOnnx({ version, layers, outputs }: Topology, weights: KerasWeights): Uint8Array {
  const emitter = new Emitter();
  const inputs: TensorInfo[] = [];
  const values = new Map<string, Emitted>();
  for (const layer of inOrder(layers)) {
    if (values.has(layer.name))
      throw new DataError(`two layers are named ${JSON.stringify(layer.name)}\nsave the model again`);
    const taken = layer.inputs.map((name) => values.get(name)!);
    if (layer.className !== "InputLayer")
      values.set(layer.name, ruleOf(layer)(new KerasCall(layer, version, taken, emitter, weights)));
    else if (taken[0])
      values.set(layer.name, taken[0]); // of a nested model
    else {
      const input = inputOf(layer, emitter);
      inputs.push(input);
      values.set(layer.name, { name: input.name, rank: input.shape.length });
    }
  }
  const results = outputs.map((name): TensorInfo => {
    const value = values.get(name);
    if (!value)
      throw new DataError(
        `the output is that of a layer ${JSON.stringify(name)}, which is missing\nsave the model again`,
      );
    const shape = Array.from({ length: value.rank }, (_, axis) =>
      axis === 0 ? "N" : `${value.name}_${axis}`,
    );
    return { name: value.name, type: "float32", shape };
  });
  return toBytes({
    name: "keras",
    inputs,
    outputs: results,
    nodes: emitter.nodes,
    constants: emitter.constants,
  });
}

function ruleOf({ className, name }: KerasLayer): (call: KerasCall) => Emitted {
  if (Object.hasOwn(kerasLayers, className)) return kerasLayers[className]!;
  throw new UnsupportedOpError(
    className,
    name,
    `${className} ${JSON.stringify(name)}: there is no rule for layers of class ${className}; there are rules for ${Object.keys(kerasLayers).join(", ")}\nleave the layer out, or export the model as ONNX and give a rule for its operators`,
  );
}

function inputOf({ name, config }: KerasLayer, emitter: Emitter): TensorInfo {
  const { batch_input_shape: built, batch_shape: shape = built } = config;
  if (!Array.isArray(shape) || shape.length < 2)
    throw new DataError(
      `the input ${JSON.stringify(name)} has no batch_input_shape\nsave the model after it was built`,
    );
  const sizes = shape
    .slice(1)
    .map((size: unknown, i) => (Number.isSafeInteger(size) ? (size as number) : `${name}_${i + 1}`));
  return { name: emitter.name(name), type: "float32", shape: ["N", ...sizes] };
}

/** Sorts layers topologically. */
function inOrder(layers: readonly KerasLayer[]): KerasLayer[] {
  const done = new Set<string>();
  const ordered: KerasLayer[] = [];
  for (let left = layers; left.length > 0; ) {
    const waiting: KerasLayer[] = [];
    for (const layer of left) {
      const ready = layer.inputs.every((name) => done.has(name));
      (ready ? ordered : waiting).push(layer);
      if (ready) done.add(layer.name);
    }
    if (waiting.length === left.length)
      throw new DataError(
        `the layer ${JSON.stringify(left[0]!.name)} has the output of a missing layer as input, or depends on its own output\nsave the model again`,
      );
    left = waiting;
  }
  return ordered;
}
