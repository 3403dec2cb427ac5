import { HostArray, type Network, type OrdinaryNetwork, UsageError, zoo } from "@flowify/core";
import type { NetworkDescription } from "./network.js";

/** Named arrays, as a safetensors file holds them. */
export type Tensors = { readonly [name: string]: HostArray };

/** Where layers hold numbers that may lie in a file of weights. */
const HOLDERS = ["weight", "bias", "scale", "shift"];

/** The same tree with something else in place of what these keys hold. */
function mapHeld(node: unknown, path: string, change: (value: unknown, path: string) => unknown): unknown {
  if (Array.isArray(node)) return node.map((child, i) => mapHeld(child, `${path}.${i}`, change));
  if (typeof node !== "object" || node === null || node.constructor !== Object) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, child]) => {
      const at = path === "" ? key : `${path}.${key}`;
      return [key, HOLDERS.includes(key) ? change(child, at) : mapHeld(child, at, change)];
    }),
  );
}

/**
 * A description with numbers in place of their names.
 *
 * @throws UsageError for a name that the weights do not hold
 */
export function networkOfDescription(
  { weights, ...described }: NetworkDescription,
  tensors: Tensors = {},
): Network {
  return mapHeld(described, "", (value, path) => {
    if (typeof value !== "string") return Float32Array.from(value as number[]);
    const found = Object.hasOwn(tensors, value) ? tensors[value]?.data : undefined;
    if (found instanceof Float32Array || found instanceof Float64Array) return found;
    throw new UsageError(
      `${path}: ${found ? "no floating point numbers" : "no array"} ${JSON.stringify(value)} in ${weights ?? "a file of weights"}; there are ${Object.keys(tensors).join(", ") || "none"}`,
    );
  }) as Network;
}

/** The names of the files that a network, its weights and the file that it came from are written to. */
export const NETWORK = "network.json";
export const ORIGINAL = "original.onnx";
export const WEIGHTS = "weights.safetensors";

/** A network as what its JSON file says, and the arrays of the file beside it. */
export function describedNetwork({ layers, ...rest }: Network | OrdinaryNetwork): {
  description: NetworkDescription;
  tensors: Tensors;
} {
  const tensors: { [name: string]: HostArray } = {};
  const described = mapHeld(layers, "", (value, path) => {
    const data = value as Float32Array | Float64Array;
    const name = path.replace(/^\./, "").replaceAll(".weights.", ".");
    const dtype = (data instanceof Float64Array ? "float64" : "float32") as HostArray["dtype"];
    tensors[name] = new HostArray(data, [data.length], dtype);
    return name;
  }) as NetworkDescription["layers"];
  return {
    description: { ...rest, inShape: [...rest.inShape], weights: WEIGHTS, layers: described },
    tensors,
  };
}

/** A network by its full name; with its description, and its weights, where it came from a file. */
export type ChosenNetwork = Readonly<{ name: string; description?: NetworkDescription; tensors?: Tensors }>;

/** The layers of a network. */
export const networkOf = ({ name, description, tensors }: ChosenNetwork): Network =>
  description ? networkOfDescription(description, tensors) : zoo(name);
