import type { Graph } from "../graph.js";
import { isProduct } from "../matrices.js";
import type { Pass } from "./pass.js";

/**
 * Computes products AᵀB of long matrices [k, m] and [k, n] with small n as (Bᵀ A)ᵀ: for example, the gradient of a
 * convolution's weights, a sum over all windows of a batch. ONNX Runtime copies the transposed operand block by block,
 * and the copy of B is smaller: [25088, 288] and [25088, 32] took 4.2 ms instead of 6.2.
 */
function turnNarrowProducts(graph: Graph): void {
  const { narrow, long } = graph.target.products;
  graph.rewrite((node) => {
    const [a, b] = node.inputs as [string, string];
    const turns = isProduct(graph, node) && node.attributes.transA === 1 && node.attributes.transB !== 1;
    if (!turns) return undefined;
    const [[k, m], n] = [graph.shapeOf(a) as [number, number], graph.shapeOf(b)[1] as number];
    if (n >= narrow || n >= m || k < long) return undefined;
    const type = { type: graph.typeOf(a), shape: [n, m] };
    return [graph.transpose(graph.node("MatMul", [graph.transpose(b, [1, 0]), a], type), [1, 0])];
  });
}

export const narrowProducts: Pass = {
  name: "narrow-products",
  why: "a product of long matrices copies the narrower one to transpose it",
  run: turnNarrowProducts,
};
