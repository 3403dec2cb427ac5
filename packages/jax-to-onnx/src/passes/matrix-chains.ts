import type { Graph } from "../graph.js";
import {
  columnsOf,
  cost,
  findProduct,
  isProduct,
  operandsOf,
  plain,
  product,
  rowsOf,
  scaledColumns,
  sliced,
  transposed,
} from "../matrices.js";
import type { Matrix } from "../origins.js";
import type { Pass } from "./pass.js";

/**
 * The product of two matrices of floats. If one of them is itself a product, the three are multiplied in the cheaper
 * order: Rᵀ(δᵀx) is (δR)ᵀx, and δR, the gradient of a layer's input, often exists already. The product of two fixed
 * matrices is free: x A B is x (A B), also if the columns of x A are scaled by fixed numbers, or concatenated with
 * others: [y, x A] B is y B₁ + x (A B₂).
 */
export const multiplyMatrices = (graph: Graph, a: Matrix, b: Matrix): string =>
  cheapestOrder(graph, a, b).make();

function cheapestOrder(graph: Graph, a: Matrix, b: Matrix): Order {
  const plain = { cost: cost(graph, a, b), once: false, plain: true, make: () => product(graph, a, b) };
  const orders: Order[] = [plain];
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
  return orders.reduce((best, order) => (better(order, best) ? order : best));
}

export const matrixChains: Pass = {
  name: "matrix-chains",
  why: "three matrices are multiplied in the order that takes less, and products of fixed ones once",
  needs: "reassociation",
  node(graph, node) {
    if (!isProduct(graph, node)) return undefined;
    const order = cheapestOrder(graph, ...operandsOf(node));
    return order.plain ? undefined : order.make();
  },
};

/** A plan for a product: multiplications per run, whether a part is computed once, and whether it is just the product. */
type Order = Readonly<{ cost: number; once: boolean; plain?: boolean; make: () => string }>;

/**
 * Σ over concatenated matrices, each times its rows of a fixed b; for products with a fixed matrix, that matrix times b
 * is precomputed.
 */
function productsOf(graph: Graph, parts: readonly Part[], a: Matrix, b: Matrix): Order {
  const columns = columnsOf(graph, b);
  const make = (): string => {
    let end = 0;
    const terms = parts.map(({ x, fixed, width }) => {
      end += width;
      const rows = sliced(graph, b, 0, end - width, end);
      return product(graph, x, fixed ? plain(product(graph, fixed, rows)) : rows);
    });
    const sum = terms.reduce((before, term) => graph.like("Add", [before, term]));
    graph.remember(sum, { matrixProduct: [a, b] });
    return sum;
  };
  const cost = parts.reduce((sum, { x }) => sum + rowsOf(graph, x) * columnsOf(graph, x) * columns, 0);
  return { cost, once: true, make };
}

/** A product within another one: free if it exists already, or is fixed. */
function innerProduct(graph: Graph, a: Matrix, b: Matrix) {
  const found = findProduct(graph, a, b);
  const once = graph.isFixed(a.name) && graph.isFixed(b.name);
  return {
    once,
    cost: found || once ? 0 : cost(graph, a, b),
    make: (): Matrix => found ?? plain(product(graph, a, b)),
  };
}

/** The two factors of a matrix, if it is a product. */
function factors(graph: Graph, { name, flipped }: Matrix): readonly [Matrix, Matrix] | undefined {
  const sum = flipped ? undefined : graph.originOf(name).matrixProduct;
  if (sum) return sum;
  const node = graph.producer(name);
  if (node === undefined || !isProduct(graph, node)) return undefined;
  const [a, b] = operandsOf(node);
  return flipped ? [transposed(b), transposed(a)] : [a, b];
}

/** Columns of a matrix: x, or x times a fixed matrix. */
type Part = Readonly<{ x: Matrix; fixed?: Matrix; width: number }>;

/** The parts of a concatenated matrix, if one of them is a product with a fixed matrix. */
function besideFactors(graph: Graph, { name, flipped }: Matrix): readonly Part[] | undefined {
  const node = flipped ? undefined : graph.producer(name);
  if (node?.op !== "Concat" || node.attributes.axis !== 1) return undefined;
  const parts = node.inputs.map((input): Part => {
    const matrix = plain(input);
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
    const [x, a] = factors(graph, plain(scaled)) ?? [];
    if (!x || !a || !graph.isFixed(a.name) || !graph.isFixed(scale)) continue;
    const columns = scaledColumns(graph, a, scale);
    if (columns) return [x, columns];
  }
  return undefined;
}
