import { HostArray, type Network, type OrdinaryNetwork, UsageError, zoo } from "@flowify/core";
import { holdsNumbers } from "@flowify/core/internal";
import type { NetworkDescription } from "./network.js";
import { expectStoredShapes, weightShape } from "./stored-shapes.js";

/** Named arrays of a safetensors file. */
export type Tensors = { readonly [name: string]: HostArray };

type Holder = Readonly<{ [key: string]: unknown }>;

/** The same tree with the values of these keys replaced; `layer` is their layer. */
function mapHeld(
  node: unknown,
  path: string,
  change: (value: unknown, path: string, layer: Holder) => unknown,
  layer: Holder = {},
): unknown {
  if (Array.isArray(node)) return node.map((child, i) => mapHeld(child, `${path}.${i}`, change));
  if (typeof node !== "object" || node === null || node.constructor !== Object) return node;
  const own = "kind" in node ? (node as Holder) : layer;
  return Object.fromEntries(
    Object.entries(node).map(([key, child]) => {
      const at = path === "" ? key : `${path}.${key}`;
      return [key, holdsNumbers(key) ? change(child, at, own) : mapHeld(child, at, change, own)];
    }),
  );
}

/**
 * A description with numbers in place of their names.
 *
 * @throws UsageError for a missing array, ShapeError for an array with another shape than its layer expects
 */
export function networkOfDescription(
  { weights, ...described }: NetworkDescription,
  tensors: Tensors = {},
): Network {
  const file = weights ?? "a file of weights";
  const network = mapHeld(described, "", (value, path) => {
    if (typeof value !== "string") return Float32Array.from(value as number[]);
    const found = Object.hasOwn(tensors, value) ? tensors[value]?.data : undefined;
    if (found instanceof Float32Array || found instanceof Float64Array) return found;
    throw new UsageError(
      `${path}: ${found ? "no floating point numbers" : "no array"} ${JSON.stringify(value)} in ${file}; found ${Object.keys(tensors).join(", ") || "none"}`,
    );
  }) as Network;
  expectStoredShapes(described.layers, network.layers, network.inShape, tensors, file);
  return network;
}

type Holders = Parameters<typeof expectStoredShapes>[0];

/** File names of a network, its weights and its original file. */
export const NETWORK = "network.json";
export const ORIGINAL = "original.onnx";
export const WEIGHTS = "weights.safetensors";

/** A network as the content of its JSON file and the arrays of its weights file. */
export function describedNetwork({ layers, ...rest }: Network | OrdinaryNetwork): {
  description: NetworkDescription;
  tensors: Tensors;
} {
  const tensors: { [name: string]: HostArray } = {};
  const described = mapHeld(layers, "", (value, path, layer) => {
    const data = value as Float32Array | Float64Array;
    const shape = path.endsWith(".weight")
      ? weightShape(layer as Holders[number], data.length)
      : [data.length];
    const name = path.replace(/^\./, "").replaceAll(".weights.", ".");
    const dtype = (data instanceof Float64Array ? "float64" : "float32") as HostArray["dtype"];
    tensors[name] = new HostArray(data, shape, dtype);
    return name;
  }) as NetworkDescription["layers"];
  return {
    description: {
      ...rest,
      inShape: [...rest.inShape],
      weights: WEIGHTS,
      layers: described,
    } as NetworkDescription, // the layers of `outputs` hold no numbers
    tensors,
  };
}

/** A network by its full name, with its description and weights if it came from a file. */
export type ChosenNetwork = Readonly<{ name: string; description?: NetworkDescription; tensors?: Tensors }>;

export const networkOf = ({ name, description, tensors }: ChosenNetwork): Network =>
  description ? networkOfDescription(description, tensors) : zoo(name);
