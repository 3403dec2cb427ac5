import type { Graph } from "../graph.js";
import type { GraphNode } from "../model.js";

/** A matrix of the graph, read as its transpose where it is flipped. */
export type Matrix = Readonly<{ name: string; flipped: boolean }>;

/**
 * The product of two matrices of floats. Where one of them is a product itself, the three are
 * multiplied in the order that takes less: Rᵀ(δᵀx) is (δR)ᵀx, and δR, the gradient of a layer's input,
 * is often there already.
 */
export function multiplyMatrices(graph: Graph, a: Matrix, b: Matrix): string {
  const plain = { cost: cost(graph, a, b), make: () => product(graph, a, b) };
  const orders = [plain];
  const [left, right] = [factors(graph, a), factors(graph, b)];
  if (left) {
    const [p, q] = left;
    const inner = find(graph, q, b);
    orders.push({
      cost: rowsOf(graph, p) * columnsOf(graph, p) * columnsOf(graph, b) + (inner ? 0 : cost(graph, q, b)),
      make: () => product(graph, p, inner ?? { name: product(graph, q, b), flipped: false }),
    });
  }
  if (right) {
    const [r, s] = right;
    const inner = find(graph, a, r);
    orders.push({
      cost: rowsOf(graph, a) * rowsOf(graph, s) * columnsOf(graph, s) + (inner ? 0 : cost(graph, a, r)),
      make: () => product(graph, inner ?? { name: product(graph, a, r), flipped: false }, s),
    });
  }
  return orders.reduce((best, order) => (order.cost < best.cost ? order : best)).make();
}

const rowsOf = (graph: Graph, { name, flipped }: Matrix): number =>
  graph.shapeOf(name)[flipped ? 1 : 0] as number;
const columnsOf = (graph: Graph, { name, flipped }: Matrix): number =>
  graph.shapeOf(name)[flipped ? 0 : 1] as number;
const cost = (graph: Graph, a: Matrix, b: Matrix): number =>
  rowsOf(graph, a) * columnsOf(graph, a) * columnsOf(graph, b);

const transposed = ({ name, flipped }: Matrix): Matrix => ({ name, flipped: !flipped });

/** The node of a product: MatMul where nothing is flipped, else Gemm. */
function nodeOf(a: Matrix, b: Matrix) {
  const attributes = { ...(a.flipped && { transA: 1 }), ...(b.flipped && { transB: 1 }) };
  return { op: a.flipped || b.flipped ? "Gemm" : "MatMul", inputs: [a.name, b.name], attributes };
}

function product(graph: Graph, a: Matrix, b: Matrix): string {
  const { op, inputs, attributes } = nodeOf(a, b);
  const shape = [rowsOf(graph, a), columnsOf(graph, b)];
  return graph.node(op, inputs, { type: graph.typeOf(a.name), shape }, { attributes });
}

/** A product that is in the graph already, either way round. */
function find(graph: Graph, a: Matrix, b: Matrix): Matrix | undefined {
  const ways = [
    { ...nodeOf(a, b), flipped: false },
    { ...nodeOf(transposed(b), transposed(a)), flipped: true },
  ];
  for (const { op, inputs, attributes, flipped } of ways) {
    const name = graph.find(op, inputs, { attributes });
    if (name !== undefined) return { name, flipped };
  }
  return undefined;
}

/** The two matrices whose product a matrix is, if it is one. */
function factors(graph: Graph, { name, flipped }: Matrix): readonly [Matrix, Matrix] | undefined {
  const node = graph.producer(name);
  if (node === undefined || !isProduct(graph, node)) return undefined;
  const [x, y] = node.inputs as [string, string];
  const a = { name: x, flipped: node.attributes.transA === 1 };
  const b = { name: y, flipped: node.attributes.transB === 1 };
  return flipped ? [transposed(b), transposed(a)] : [a, b];
}

/** A product of two matrices of floats with nothing added yet. */
export function isProduct(graph: Graph, { op, inputs, outputs }: GraphNode): boolean {
  if ((op !== "MatMul" && op !== "Gemm") || inputs.length !== 2) return false;
  return isFloatMatrix(graph, outputs[0] as string) && inputs.every((name) => isFloatMatrix(graph, name));
}

const isFloatMatrix = (graph: Graph, name: string): boolean =>
  graph.shapeOf(name).length === 2 && graph.typeOf(name).startsWith("float");
