import type { Graph } from "../src/graph.js";
import type { GraphNode } from "../src/model.js";
import type { ValueType } from "../src/values.js";

type Shape = readonly number[];

const sizeOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

function broadcast(shapes: readonly Shape[]): Shape {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, i) => {
    const sizes = new Set(shapes.map((shape) => shape[i - rank + shape.length] ?? 1));
    sizes.delete(1);
    if (sizes.size > 1) throw new Error(`shapes ${shapes.map((s) => `[${s}]`).join(" ")} do not broadcast`);
    return [...sizes][0] ?? 1;
  });
}

function matrixProduct(a: Shape, b: Shape): Shape {
  const [left, right] = [a.length === 1 ? [1, ...a] : a, b.length === 1 ? [...b, 1] : b];
  if (left.at(-1) !== right.at(-2)) throw new Error(`[${a}] · [${b}]`);
  const lead = broadcast([left.slice(0, -2), right.slice(0, -2)]);
  const [rows, columns] = [a.length === 1 ? [] : [left.at(-2)], b.length === 1 ? [] : [right.at(-1)]];
  return [...lead, ...rows, ...columns] as number[];
}

type Shapes = Readonly<{
  shapes: readonly Shape[];
  /** The numbers of a constant input. */
  numbers(input: number): number[];
  attributes: Readonly<Record<string, unknown>>;
}>;

const same = ({ shapes }: Shapes): Shape[] => [shapes[0] as Shape];
const elementwise = ({ shapes }: Shapes): Shape[] => [broadcast(shapes)];

function reduced({ shapes, numbers, attributes }: Shapes): Shape[] {
  const axes = new Set(numbers(1));
  const [shape] = shapes as [Shape];
  return [
    attributes.keepdims === 1
      ? shape.map((n, i) => (axes.has(i) ? 1 : n))
      : shape.filter((_, i) => !axes.has(i)),
  ];
}

function sliced({ shapes, numbers }: Shapes): Shape[] {
  const [shape] = shapes as [Shape];
  const [starts, ends, axes] = [numbers(1), numbers(2), numbers(3)];
  const steps = shapes.length > 4 ? numbers(4) : axes.map(() => 1);
  const sizes = [...shape];
  axes.forEach((axis, i) => {
    const [size, step] = [shape[axis] as number, steps[i] as number];
    const place = (n: number, low: number, high: number) =>
      Math.min(Math.max(n < 0 ? n + size : n, low), high);
    const [start, end] =
      step > 0
        ? [place(starts[i] as number, 0, size), place(ends[i] as number, 0, size)]
        : [place(starts[i] as number, 0, size - 1), place(ends[i] as number, -1, size - 1)];
    sizes[axis] = Math.max(0, Math.ceil((end - start) / step));
  });
  return [sizes];
}

function gemm({ shapes, attributes }: Shapes): Shape[] {
  const turned = (shape: Shape, flag: unknown) => (flag === 1 ? shape.toReversed() : shape);
  const [a, b, c] = shapes as [Shape, Shape, Shape?];
  const out = matrixProduct(turned(a, attributes.transA), turned(b, attributes.transB));
  if (c && broadcast([c, out]).join() !== out.join()) throw new Error(`[${c}] added to [${out}]`);
  return [out];
}

function convolved({ shapes, attributes }: Shapes): Shape[] {
  const [x, w] = shapes as [Shape, Shape];
  const { strides, pads, dilations } = attributes as Record<string, number[]>;
  const n = x.length - 2;
  const spatial = Array.from({ length: n }, (_, i) => {
    const reach = ((w[i + 2] as number) - 1) * (dilations?.[i] ?? 1) + 1;
    return Math.floor(
      ((x[i + 2] as number) + (pads?.[i] ?? 0) + (pads?.[i + n] ?? 0) - reach) / (strides?.[i] ?? 1) + 1,
    );
  });
  return [[x[0] as number, w[0] as number, ...spatial]];
}

function deconvolved({ shapes, attributes }: Shapes): Shape[] {
  const [x, w] = shapes as [Shape, Shape];
  const { strides, pads, dilations } = attributes as Record<string, number[]>;
  const n = x.length - 2;
  const spatial = Array.from({ length: n }, (_, i) => {
    const reach = ((w[i + 2] as number) - 1) * (dilations?.[i] ?? 1) + 1;
    const full = ((x[i + 2] as number) - 1) * (strides?.[i] ?? 1) + reach;
    return full - (pads?.[i] ?? 0) - (pads?.[i + n] ?? 0);
  });
  return [[x[0] as number, (w[1] as number) * (attributes.group as number), ...spatial]];
}

/** The shapes of the outputs of each operator; its text is from the specification of ONNX, not from the lowering. */
const inferred: Readonly<Record<string, (node: Shapes) => readonly Shape[]>> = {
  ...Object.fromEntries(
    "Abs Asin Atan Cast Ceil Cos Erf Exp Floor Identity IsNaN Log Neg Not Reciprocal Relu Sign Sin Sqrt Tanh"
      .split(" ")
      .map((op) => [op, same]),
  ),
  ...Object.fromEntries(
    "Add And BitwiseAnd BitwiseOr BitwiseXor Div Equal Less LessOrEqual Max Min Mod Mul Or Pow Sub Sum Where Xor"
      .split(" ")
      .map((op) => [op, elementwise]),
  ),
  ...Object.fromEntries(
    "ReduceMax ReduceMin ReduceProd ReduceSum ReduceSumSquare".split(" ").map((op) => [op, reduced]),
  ),
  MatMul: ({ shapes }) => [matrixProduct(shapes[0] as Shape, shapes[1] as Shape)],
  Gemm: gemm,
  Conv: convolved,
  ConvTranspose: deconvolved,
  Slice: sliced,
  Reshape: ({ numbers }) => [numbers(1)],
  Flatten: ({ shapes: [shape = []], attributes }) => {
    const axis = attributes.axis as number;
    return [[sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))]];
  },
  Expand: ({ shapes, numbers }) => [broadcast([shapes[0] as Shape, numbers(1)])],
  Transpose: ({ shapes: [shape = []], attributes }) => {
    const perm = attributes.perm as number[];
    if (perm.toSorted((a, b) => a - b).join() !== [...shape.keys()].join()) throw new Error(`order ${perm}`);
    return [perm.map((axis) => shape[axis] as number)];
  },
  Concat: ({ shapes, attributes }) => {
    const axis = attributes.axis as number;
    const [first] = shapes as [Shape];
    const others = new Set(shapes.map((shape) => shape.with(axis, 0).join()));
    if (others.size > 1) throw new Error(`concatenates ${[...others].join(" ")}`);
    return [
      first.with(
        axis,
        shapes.reduce((sum, shape) => sum + (shape[axis] as number), 0),
      ),
    ];
  },
  Split: ({ shapes: [shape = []], numbers, attributes }) => {
    const axis = attributes.axis as number;
    if (numbers(1).reduce((a, b) => a + b, 0) !== shape[axis]) throw new Error(`splits [${shape}]`);
    return numbers(1).map((size) => shape.with(axis, size));
  },
  Pad: ({ shapes: [shape = []], numbers }) => [
    shape.map((n, i) => n + (numbers(1)[i] as number) + (numbers(1)[i + shape.length] as number)),
  ],
  Gather: ({ shapes, attributes }) => {
    const [shape, index] = shapes as [Shape, Shape];
    const axis = attributes.axis as number;
    return [[...shape.slice(0, axis), ...index, ...shape.slice(axis + 1)]];
  },
  GatherElements: ({ shapes }) => [shapes[1] as Shape],
  ScatterElements: same,
  TopK: ({ shapes: [shape = []], numbers, attributes }) => {
    const cut = shape.with(attributes.axis as number, numbers(1)[0] as number);
    return [cut, cut];
  },
};

const comparisons = new Set(["Equal", "Less", "LessOrEqual", "IsNaN", "Not", "And", "Or", "Xor"]);
const codes: Readonly<Record<number, string>> = {
  1: "float32",
  6: "int32",
  7: "int64",
  9: "bool",
  11: "float64",
  12: "uint32",
};

/** The type of an output, from those of the inputs. */
function typeOf({ op, attributes }: GraphNode, types: readonly string[], output: number): string {
  if (comparisons.has(op)) return "bool";
  if (op === "Cast") return codes[attributes.to as number] as string;
  if (op === "Where") return types[1] as string;
  if (op === "TopK" && output === 1) return "int64";
  return types[0] as string;
}

/**
 * Throws an error that names the node, if a graph is not what it says: values are made once and before they are read,
 * all nodes are needed, readers and producers are recorded, and each type and shape is that of the operator.
 */
export function verify(graph: Graph, inputs: readonly string[]): void {
  const made = new Set(inputs);
  const isKnown = (name: string): boolean => made.has(name) || graph.constantOf(name) !== undefined;
  const fail = (node: GraphNode, why: string): never => {
    throw new Error(`${node.op} ${node.outputs[0]}: ${why}`);
  };
  for (const node of graph.nodes) {
    for (const name of node.inputs) {
      if (!isKnown(name)) fail(node, `reads ${name} before it is made`);
      if (!graph.readers(name).has(node)) fail(node, `is no reader of ${name}`);
    }
    for (const name of node.outputs) {
      if (isKnown(name)) fail(node, `makes ${name} again`);
      made.add(name);
      if (graph.producer(name) !== node) fail(node, `is not the producer of ${name}`);
    }
    if (!node.outputs.some((name) => graph.isResult(name) || graph.readers(name).size > 0))
      fail(node, "is dead");
    checkTypes(graph, node, fail);
  }
  for (const name of graph.results) if (!isKnown(name)) throw new Error(`the result ${name} is not made`);
  for (const name of made)
    for (const reader of graph.readers(name))
      if (!graph.nodes.includes(reader)) fail(reader, `reads ${name}, but is no node`);
}

function checkTypes(graph: Graph, node: GraphNode, fail: (node: GraphNode, why: string) => never): void {
  const infer = inferred[node.op] ?? fail(node, "is not known");
  const numbers = (input: number): number[] =>
    Array.from(graph.constantOf(node.inputs[input] as string)?.data ?? [], Number);
  const shapes = node.inputs.map((name) => graph.shapeOf(name));
  let outs: readonly Shape[] = [];
  try {
    outs = infer({ shapes, numbers, attributes: node.attributes });
  } catch (cause) {
    fail(node, String(cause));
  }
  const types = node.inputs.map((name) => graph.typeOf(name));
  node.outputs.forEach((name, i) => {
    const found: ValueType = { type: graph.typeOf(name), shape: graph.shapeOf(name) };
    if (found.shape.join() !== outs[i]?.join()) fail(node, `[${found.shape}] declared, [${outs[i]}] made`);
    const type = typeOf(node, types, i);
    if (found.type !== type) fail(node, `${found.type} declared, ${type} made`);
  });
}
