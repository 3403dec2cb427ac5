import type { Graph } from "../graph.js";
import { sizeOf } from "../jaxpr.js";
import type { GraphNode } from "../model.js";

/** A matrix of the graph, or its transpose if flipped. */
export type Matrix = Readonly<{ name: string; flipped: boolean }>;

/**
 * The product of two matrices of floats. If one of them is itself a product, the three are multiplied in the cheaper
 * order: Rᵀ(δᵀx) is (δR)ᵀx, and δR, the gradient of a layer's input, often exists already. The product of two fixed
 * matrices is free: x A B is x (A B), also if the columns of x A are scaled by fixed numbers, or concatenated with
 * others: [y, x A] B is y B₁ + x (A B₂).
 */
export function multiplyMatrices(graph: Graph, a: Matrix, b: Matrix): string {
  const orders: Order[] = [{ cost: cost(graph, a, b), once: false, make: () => product(graph, a, b) }];
  const [left, right] = [factors(graph, a) ?? scaledFactors(graph, a), factors(graph, b)];
  if (left) {
    const [p, q] = left;
    const inner = innerProduct(graph, q, b);
    orders.push({
      cost: rowsOf(graph, p) * columnsOf(graph, p) * columnsOf(graph, b) + inner.cost,
      once: inner.once,
      make: () => (inner.once ? multiplyMatrices : product)(graph, p, inner.make()),
    });
  }
  if (right) {
    const [r, s] = right;
    const inner = innerProduct(graph, a, r);
    orders.push({
      cost: rowsOf(graph, a) * rowsOf(graph, s) * columnsOf(graph, s) + inner.cost,
      once: inner.once,
      make: () => product(graph, inner.make(), s),
    });
  }
  const beside = graph.isFixed(b.name) ? besideFactors(graph, a) : undefined;
  if (beside) orders.push(productsOf(graph, beside, a, b));
  const better = (order: Order, best: Order): boolean =>
    order.cost < best.cost || (order.cost === best.cost && order.once);
  return orders.reduce((best, order) => (better(order, best) ? order : best)).make();
}

/** A plan for a product: multiplications per run, and whether a part is computed once. */
type Order = Readonly<{ cost: number; once: boolean; make: () => string }>;

/** Operands of products that are written as sums of several products. */
const written = new WeakMap<Graph, Map<string, readonly [Matrix, Matrix]>>();

/**
 * Σ over concatenated matrices, each times its rows of a fixed b; for products with a fixed matrix, that matrix times b
 * is precomputed.
 */
function productsOf(graph: Graph, parts: readonly Part[], a: Matrix, b: Matrix): Order {
  const type = graph.typeOf(b.name);
  const columns = columnsOf(graph, b);
  const make = (): string => {
    let end = 0;
    const terms = parts.map(({ x, fixed, width }) => {
      end += width;
      const rows = sliceRows(graph, b, end - width, end);
      return product(graph, x, fixed ? { name: product(graph, fixed, rows), flipped: false } : rows);
    });
    const shape = graph.shapeOf(terms[0] as string);
    const sum = terms.reduce((before, term) => graph.node("Add", [before, term], { type, shape }));
    const known = written.get(graph) ?? new Map<string, readonly [Matrix, Matrix]>();
    written.set(graph, known.set(sum, [a, b]));
    return sum;
  };
  const cost = parts.reduce((sum, { x }) => sum + rowsOf(graph, x) * columnsOf(graph, x) * columns, 0);
  return { cost, once: true, make };
}

function sliceRows(graph: Graph, { name, flipped }: Matrix, start: number, end: number): Matrix {
  const axis = flipped ? 1 : 0;
  const shape = graph.shapeOf(name).with(axis, end - start);
  const inputs = [name, graph.ints([start]), graph.ints([end]), graph.ints([axis])];
  return { name: graph.node("Slice", inputs, { type: graph.typeOf(name), shape }), flipped };
}

/** A product within another one: free if it exists already, or is fixed. */
function innerProduct(graph: Graph, a: Matrix, b: Matrix) {
  const found = find(graph, a, b);
  const once = graph.isFixed(a.name) && graph.isFixed(b.name);
  return {
    once,
    cost: found || once ? 0 : cost(graph, a, b),
    make: (): Matrix => found ?? { name: product(graph, a, b), flipped: false },
  };
}

const rowsOf = (graph: Graph, { name, flipped }: Matrix): number =>
  graph.shapeOf(name)[flipped ? 1 : 0] as number;
const columnsOf = (graph: Graph, { name, flipped }: Matrix): number =>
  graph.shapeOf(name)[flipped ? 0 : 1] as number;
const cost = (graph: Graph, a: Matrix, b: Matrix): number =>
  rowsOf(graph, a) * columnsOf(graph, a) * columnsOf(graph, b);

const transposed = ({ name, flipped }: Matrix): Matrix => ({ name, flipped: !flipped });

/** The node of a product: MatMul if no operand is flipped, otherwise Gemm. */
function nodeOf(a: Matrix, b: Matrix) {
  const attributes = { ...(a.flipped && { transA: 1 }), ...(b.flipped && { transB: 1 }) };
  return { op: a.flipped || b.flipped ? "Gemm" : "MatMul", inputs: [a.name, b.name], attributes };
}

function product(graph: Graph, a: Matrix, b: Matrix): string {
  const { op, inputs, attributes } = nodeOf(a, b);
  const shape = [rowsOf(graph, a), columnsOf(graph, b)];
  return graph.node(op, inputs, { type: graph.typeOf(a.name), shape }, { attributes });
}

/** An existing product in the graph, in either orientation. */
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

/** The two factors of a matrix, if it is a product. */
function factors(graph: Graph, { name, flipped }: Matrix): readonly [Matrix, Matrix] | undefined {
  const sum = flipped ? undefined : written.get(graph)?.get(name);
  if (sum) return sum;
  const node = graph.producer(name);
  if (node === undefined || !isProduct(graph, node)) return undefined;
  const [x, y] = node.inputs as [string, string];
  const a = { name: x, flipped: node.attributes.transA === 1 };
  const b = { name: y, flipped: node.attributes.transB === 1 };
  return flipped ? [transposed(b), transposed(a)] : [a, b];
}

/** Columns of a matrix: x, or x times a fixed matrix. */
type Part = Readonly<{ x: Matrix; fixed?: Matrix; width: number }>;

/** The parts of a concatenated matrix, if one of them is a product with a fixed matrix. */
function besideFactors(graph: Graph, { name, flipped }: Matrix): readonly Part[] | undefined {
  const node = flipped ? undefined : graph.producer(name);
  if (node?.op !== "Concat" || node.attributes.axis !== 1) return undefined;
  const parts = node.inputs.map((input): Part => {
    const matrix = { name: input, flipped: false };
    const width = columnsOf(graph, matrix);
    const [x, fixed] = factors(graph, matrix) ?? scaledFactors(graph, matrix) ?? [];
    return x && fixed && graph.isFixed(fixed.name) ? { x, fixed, width } : { x: matrix, width };
  });
  return parts.some(({ fixed }) => fixed) ? parts : undefined;
}

/** x and A diag(c) of (x A) diag(c), for fixed A and c. */
function scaledFactors(graph: Graph, { name, flipped }: Matrix): readonly [Matrix, Matrix] | undefined {
  const node = flipped ? undefined : graph.producer(name);
  if (node?.op !== "Mul") return undefined;
  for (const [scaled, scale] of [node.inputs, node.inputs.toReversed()] as [string, string][]) {
    const columns = graph.shapeOf(scale);
    const parts = factors(graph, { name: scaled, flipped: false });
    if (!parts || columns.slice(0, -1).some((size) => size !== 1) || columns.length > 2) continue;
    const [x, a] = parts;
    if (!graph.isFixed(a.name) || !graph.isFixed(scale)) continue;
    const shape = graph.shapeOf(a.name);
    const factor = a.flipped ? graph.reshape(scale, columns.length === 0 ? [] : [sizeOf(columns), 1]) : scale;
    return [
      x,
      {
        name: graph.node("Mul", [a.name, factor], { type: graph.typeOf(a.name), shape }),
        flipped: a.flipped,
      },
    ];
  }
  return undefined;
}

/** A product of two matrices of floats with nothing added yet. */
export function isProduct(graph: Graph, { op, inputs, outputs }: GraphNode): boolean {
  if ((op !== "MatMul" && op !== "Gemm") || inputs.length !== 2) return false;
  return isFloatMatrix(graph, outputs[0] as string) && inputs.every((name) => isFloatMatrix(graph, name));
}

const isFloatMatrix = (graph: Graph, name: string): boolean =>
  graph.shapeOf(name).length === 2 && graph.typeOf(name).startsWith("float");
