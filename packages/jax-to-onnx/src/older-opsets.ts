import { UsageError } from "./errors.js";
import { type ElementType, type GraphModel, type GraphNode, type Initializer, typeCodes } from "./model.js";

/** The oldest opset that has all operators of our graphs, or others in their place. */
export const OLDEST_OPSET = 9;

const typesByCode = Object.entries(typeCodes) as [ElementType, number][];

/** Operators whose results are booleans. */
const comparing = /^(Equal|(Less|Greater)(OrEqual)?|And|Or|Not|IsNaN)$/;

/** Opset from which operators take their axes, or sizes of parts, as an input; before, they are an attribute. */
const inputFrom: Readonly<Record<string, readonly [opset: number, attribute: string]>> = {
  ReduceSum: [13, "axes"],
  ReduceSumSquare: [18, "axes"],
  ReduceMax: [18, "axes"],
  ReduceMin: [18, "axes"],
  ReduceMean: [18, "axes"],
  ReduceProd: [18, "axes"],
  Split: [13, "split"],
};

/** Operators that came after the oldest opset, and have no others in their place here. */
const newer: Readonly<Record<string, number>> = { Pad: 11, CumSum: 11, Round: 11, ScatterElements: 11 };

/** Nodes in place of others: what a rewriting needs. */
type Writer = Readonly<{
  opset: number;
  typeOf(name: string): ElementType | undefined;
  constant(name: string): Initializer | undefined;
  /** A node of a new value before the present one. */
  add(op: string, inputs: readonly string[], attributes?: GraphNode["attributes"]): string;
  number(value: number): string;
  integers(values: readonly number[]): string;
}>;

type Rewriting = (node: GraphNode, writer: Writer) => Partial<GraphNode> | undefined;

/** a ≤ b of floats: false where one of them is NaN. */
const notLess = (a: string, b: string, { add, typeOf }: Writer): readonly string[] => {
  const reached = add("Not", [add("Less", [b, a])]);
  if (typeOf(a) !== "float32") return [reached, reached];
  return [reached, add("Not", [add("IsNaN", [add("Add", [a, b])])])];
};

const rewritings: Readonly<Record<string, Rewriting>> = {
  LessOrEqual: ({ inputs: [a, b] }, writer) =>
    writer.opset >= 12 ? undefined : { op: "And", inputs: notLess(a!, b!, writer) },
  GreaterOrEqual: ({ inputs: [a, b] }, writer) =>
    writer.opset >= 12 ? undefined : { op: "And", inputs: notLess(b!, a!, writer) },
  Equal({ inputs: [a, b] }, writer) {
    const { opset, typeOf, add } = writer;
    if (opset >= 11 || typeOf(a!) !== "float32") return undefined;
    if (a === b) return { op: "Not", inputs: [add("IsNaN", [a!])] };
    const [below] = notLess(a!, b!, writer);
    return { op: "And", inputs: [below!, add("And", notLess(b!, a!, writer))] };
  },
  Max: (node, writer) => extreme(node, writer, ([a, b]) => [b!, a!]),
  Min: (node, writer) => extreme(node, writer, ([a, b]) => [a!, b!]),
  Gemm: ({ inputs }, { opset, number }) =>
    opset >= 11 || inputs.length > 2 ? undefined : { inputs: [...inputs, number(0)] },
  Shape({ inputs, attributes: { start, end } }, { opset, add, integers }) {
    if (opset >= 15 || typeof start !== "number" || typeof end !== "number") return undefined;
    const axes = integers(Array.from({ length: end - start }, (_, i) => start + i));
    return { op: "Gather", inputs: [add("Shape", inputs), axes], attributes: { axis: 0 } };
  },
  Slice({ inputs, attributes }, { opset, constant }) {
    if (opset >= 10) return undefined;
    const [starts, ends, axes, steps] = inputs.slice(1).map((name) => numbersOf(constant(name)));
    if (!starts || !ends || !axes || steps?.some((step) => step !== 1))
      throw new UsageError("Slice with steps");
    return { inputs: inputs.slice(0, 1), attributes: { ...attributes, starts, ends, axes } };
  },
};

function extreme(
  { inputs }: GraphNode,
  { opset, typeOf, add }: Writer,
  order: (inputs: readonly string[]) => readonly string[],
): Partial<GraphNode> | undefined {
  if (opset >= 12 || typeOf(inputs[0]!) === "float32" || inputs.length !== 2) return undefined;
  return { op: "Where", inputs: [add("Less", inputs), ...order(inputs)] };
}

const numbersOf = (constant: Initializer | undefined): number[] | undefined =>
  constant?.type === "int64" ? Array.from(constant.data as BigInt64Array, Number) : undefined;

/**
 * The same graph by operators of an older opset, 9 at least.
 *
 * @throws UsageError for a node that such an opset has no operator for
 */
export function forOpset(graph: GraphModel, opset: number): GraphModel {
  if (opset >= 18) return graph;
  const known = new Map<string, ElementType>();
  const constants = new Map(graph.constants.map((each) => [each.name, each]));
  for (const { name, type } of [...graph.inputs, ...graph.constants]) known.set(name, type);
  const nodes: GraphNode[] = [];
  const made: Initializer[] = [];
  const put = (node: GraphNode): void => {
    const { op, attributes, inputs } = node;
    const type = comparing.test(op)
      ? "bool"
      : op === "Cast"
        ? typesByCode.find(([, code]) => code === attributes.to)?.[0]
        : op === "Shape"
          ? "int64"
          : known.get(inputs[op === "Where" ? 1 : 0]!);
    if (type) for (const name of node.outputs) known.set(name, type);
    nodes.push(node);
  };
  for (const node of graph.nodes) {
    const output = node.outputs[0];
    let count = 0;
    const constantOf = (type: "float32" | "int64", data: Initializer["data"]): string => {
      const name = `${output}/${count++}`;
      made.push({ name, type, shape: [data.length], data });
      known.set(name, type);
      return name;
    };
    const writer: Writer = {
      opset,
      typeOf: (name) => known.get(name),
      constant: (name) => constants.get(name),
      add(op, inputs, attributes = {}) {
        const name = `${output}/${count++}`;
        put({ op, domain: "", inputs, outputs: [name], attributes });
        return name;
      },
      number: (value) => constantOf("float32", Float32Array.of(value)),
      integers: (values) => constantOf("int64", BigInt64Array.from(values, BigInt)),
    };
    if (node.domain === "" && opset < (newer[node.op] ?? 0)) throw missing(node, opset);
    try {
      put(withAttribute({ ...node, ...rewritings[node.op]?.(node, writer) }, writer));
    } catch (cause) {
      throw cause instanceof UsageError ? missing(node, opset, cause) : cause;
    }
  }
  return { ...graph, nodes, constants: [...graph.constants, ...made] };
}

/** Constant axes as an attribute. */
function withAttribute(node: GraphNode, { opset, constant }: Writer): GraphNode {
  const [from, attribute] = inputFrom[node.op] ?? [0, ""];
  const [data, sizes] = node.inputs;
  if (opset >= from || sizes === undefined) return node;
  const values = numbersOf(constant(sizes));
  if (!values) throw new UsageError(`${attribute} that are computed`);
  return { ...node, inputs: [data!], attributes: { ...node.attributes, [attribute]: values } };
}

const missing = ({ op, outputs }: GraphNode, opset: number, cause?: UsageError): UsageError =>
  new UsageError(
    `${op} ${outputs[0]}: opset ${opset} has no operator for ${cause?.message ?? "it"}\nchoose a newer opset, 18 at least`,
    { cause },
  );
