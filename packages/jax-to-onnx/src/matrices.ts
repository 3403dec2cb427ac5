import type { Graph } from "./graph.js";
import { leading, nth, sizeOf } from "./lists.js";
import type { GraphNode } from "./model.js";
import type { Matrix } from "./origins.js";

export const rowsOf = (graph: Graph, { name, flipped }: Matrix): number =>
  nth(graph.shapeOf(name), flipped ? 1 : 0);
export const columnsOf = (graph: Graph, { name, flipped }: Matrix): number =>
  nth(graph.shapeOf(name), flipped ? 0 : 1);
/** Multiplications of a product. */
export const cost = (graph: Graph, a: Matrix, b: Matrix): number =>
  rowsOf(graph, a) * columnsOf(graph, a) * columnsOf(graph, b);

export const transposed = ({ name, flipped }: Matrix): Matrix => ({ name, flipped: !flipped });

/** Rows (axis 0) or columns (axis 1) of a matrix. */
export function sliced(
  graph: Graph,
  { name, flipped }: Matrix,
  axis: 0 | 1,
  start: number,
  end: number,
): Matrix {
  return { name: graph.slice(name, flipped ? 1 - axis : axis, start, end), flipped };
}

export const plain = (name: string): Matrix => ({ name, flipped: false });

/** A matrix whose columns are multiplied by the numbers of `scale`; undefined where those are not one for each column. */
export function scaledColumns(graph: Graph, { name, flipped }: Matrix, scale: string): Matrix | undefined {
  const sizes = graph.shapeOf(scale);
  if (sizes.length > 2 || sizes.slice(0, -1).some((size) => size !== 1)) return undefined;
  const each = flipped ? graph.reshape(scale, sizes.length === 0 ? [] : [sizeOf(sizes), 1]) : scale;
  return { name: graph.like("Mul", [name, each]), flipped };
}

/** The node of a product: MatMul if no operand is flipped, otherwise Gemm. */
function nodeOf(a: Matrix, b: Matrix) {
  const attributes = { ...(a.flipped && { transA: 1 }), ...(b.flipped && { transB: 1 }) };
  return { op: a.flipped || b.flipped ? "Gemm" : "MatMul", inputs: [a.name, b.name] as const, attributes };
}

export function product(graph: Graph, a: Matrix, b: Matrix): string {
  const { op, inputs, attributes } = nodeOf(a, b);
  const shape = [rowsOf(graph, a), columnsOf(graph, b)];
  return graph.like(op, inputs, shape, attributes);
}

/** An existing product in the graph, in either orientation. */
export function findProduct(graph: Graph, a: Matrix, b: Matrix): Matrix | undefined {
  const find = (x: Matrix, y: Matrix): string | undefined => {
    const { op, inputs, attributes } = nodeOf(x, y);
    return graph.find(op, inputs, { attributes });
  };
  const name = find(a, b);
  if (name !== undefined) return plain(name);
  const turned = find(transposed(b), transposed(a));
  return turned === undefined ? undefined : { name: turned, flipped: true };
}

export function operandsOf({ inputs, attributes }: GraphNode): readonly [Matrix, Matrix] {
  const [x, y] = leading(inputs, 2);
  return [
    { name: x, flipped: attributes.transA === 1 },
    { name: y, flipped: attributes.transB === 1 },
  ];
}

/** A product of two matrices of floats with nothing added yet. */
export function isProduct(graph: Graph, { op, inputs, outputs }: GraphNode): boolean {
  if ((op !== "MatMul" && op !== "Gemm") || inputs.length !== 2) return false;
  return isFloatMatrix(graph, outputs[0]) && inputs.every((name) => isFloatMatrix(graph, name));
}

const isFloatMatrix = (graph: Graph, name: string): boolean =>
  graph.shapeOf(name).length === 2 && graph.typeOf(name).startsWith("float");
