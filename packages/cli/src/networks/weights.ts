import { HostArray, type Network, type OrdinaryNetwork, ShapeError, UsageError, zoo } from "@flowify/core";
import { holdsNumbers } from "@flowify/core/internal";
import { type Shape, sizeOf } from "@flowify/core/layer";
import type { NetworkDescription } from "./network.js";

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

/** The shape of a weight with this many numbers: [out, in], for a convolution [out, in / groups, …kernel]. */
function weightShape({ kind, out = 1, kernel = [] }: Holder, count: number): Shape {
  const sides = [kernel].flat() as number[];
  const space = kind === "conv2d" && sides.length === 1 ? [...sides, ...sides] : sides;
  const ins = count / (out as number) / sizeOf(space);
  return Number.isInteger(ins) ? [out as number, ins, ...space] : [count];
}

/**
 * The same count in another shape means another order: a transposed weight is a different function. One axis is the
 * order of the layer. A scale or shift is one of the channels, or of the entries of the network's input.
 *
 * @throws ShapeError that names the array, both shapes and the file
 */
function expectStored(stored: Shape, path: string, layer: Holder, inShape: Shape, what: string): void {
  const count = sizeOf(stored);
  const perChannel = [count, ...stored.slice(1).map(() => 1)];
  const allowed = path.endsWith(".weight")
    ? [weightShape(layer, count)]
    : path.endsWith(".bias")
      ? [[(layer.out as number | undefined) ?? count]]
      : [[count], perChannel, ...(sizeOf(inShape) === count ? [inShape] : [])];
  if (stored.length < 2 || count < 2 || allowed.some((shape) => shape.join() === stored.join())) return;
  const shapes = allowed.map((shape) => `[${shape.join(", ")}]`).join(" or ");
  throw new ShapeError(
    `the array ${what} is [${stored.join(", ")}], its layer (${String(layer.kind)}) expects ${shapes}\nbring its axes into that order and save it again`,
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
  return mapHeld(described, "", (value, path, layer) => {
    if (typeof value !== "string") return Float32Array.from(value as number[]);
    const { data, shape = [] } = (Object.hasOwn(tensors, value) && tensors[value]) || {};
    if (!(data instanceof Float32Array || data instanceof Float64Array))
      throw new UsageError(
        `${path}: ${data ? "no floating point numbers" : "no array"} ${JSON.stringify(value)} in ${file}; found ${Object.keys(tensors).join(", ") || "none"}`,
      );
    expectStored(shape, path, layer, described.inShape, `${JSON.stringify(value)} in ${file}`);
    return data;
  }) as Network;
}

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
  const names = new Map<unknown, string>(); // steps of a recurrence share their weights
  const described = mapHeld(layers, "", (value, path, layer) => {
    const data = value as Float32Array | Float64Array;
    const shape = path.endsWith(".weight") ? weightShape(layer, data.length) : [data.length];
    const known = names.get(value) ?? "";
    const isKnown = tensors[known]?.shape.join() === shape.join();
    const name = isKnown ? known : path.replace(/^\./, "").replaceAll(".weights.", ".");
    names.set(value, name);
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
