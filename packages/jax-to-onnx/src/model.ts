export type ElementType = keyof typeof typeCodes;

/** ONNX's numbers of the types. */
export const typeCodes = { float32: 1, float64: 11, int32: 6, int64: 7, uint32: 12, bool: 9 } as const;

/** An attribute: a number is an int, `{ float }` a float; strings and lists of ints are unchanged. */
export type AttributeValue = number | string | readonly number[] | { readonly float: number };

export type GraphNode = Readonly<{
  op: string;
  domain: string;
  inputs: readonly string[];
  outputs: readonly [string, ...string[]];
  attributes: Readonly<Record<string, AttributeValue>>;
}>;

export function renamed(
  { inputs, outputs: [first, ...more], ...node }: GraphNode,
  to: (name: string) => string,
): GraphNode {
  return { ...node, inputs: inputs.map(to), outputs: [to(first), ...more.map(to)] };
}

/** Operators whose result shares the memory of their input. */
const views: ReadonlySet<string> = new Set(["Reshape", "Flatten"]);

export const isView = (node: GraphNode): boolean => views.has(node.op);

/** A size, or the name of a dynamic size. */
export type Dimension = number | string;

export type TensorInfo = Readonly<{ name: string; type: ElementType; shape: readonly Dimension[] }>;

export type Initializer = Readonly<{
  name: string;
  type: ElementType;
  shape: readonly number[];
  data: Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array | BigInt64Array;
}>;

type TextConstant = Readonly<{ name: string; shape: readonly number[]; values: readonly string[] }>;

export type GraphModel = Readonly<{
  name: string;
  inputs: readonly TensorInfo[];
  outputs: readonly TensorInfo[];
  nodes: readonly GraphNode[];
  constants: readonly Initializer[];
  /** Inputs and constants of texts. */
  textInputs?: readonly Omit<TensorInfo, "type">[];
  texts?: readonly TextConstant[];
  /** Documentation for readers of the file. */
  metadata?: { readonly [name: string]: string };
}>;

/** A graph with the values of some of its inputs built in. */
export function withConstants<G extends GraphModel>(
  graph: G,
  values: ReadonlyMap<string, Pick<Initializer, "shape" | "data">>,
): G {
  const used = new Set(graph.nodes.flatMap((node) => node.inputs));
  const built = graph.inputs.flatMap(({ name, type }): Initializer[] => {
    const value = used.has(name) ? values.get(name) : undefined;
    return value ? [{ name, type, shape: value.shape, data: value.data }] : [];
  });
  return {
    ...graph,
    inputs: graph.inputs.filter(({ name }) => !values.has(name)),
    constants: [...graph.constants, ...built],
  };
}

/** The kind of array that holds the numbers of a type. */
export const typedArrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  bool: Uint8Array,
} as const;
