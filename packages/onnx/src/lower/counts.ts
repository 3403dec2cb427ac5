import type { Graph } from "./graph.js";
import { sizeOf } from "./jaxpr.js";
import type { GraphNode } from "./model.js";

/**
 * Floating-point operations of the matrix products and convolutions of a graph: 2 for every
 * multiplication and the addition that follows it. Elementwise work is not counted: what remains is
 * the floor that these nodes cannot pass at the machine's matrix rate.
 */
export function countFlops(graph: Graph, nodes: readonly GraphNode[]): number {
  let flops = 0;
  for (const { op, inputs, outputs, attributes } of nodes) {
    const [a, b, out] = [inputs[0], inputs[1], outputs[0]].map((name) => (name ? graph.shapeOf(name) : []));
    if (!a || !b || !out) continue;
    if (op === "MatMul") flops += 2 * sizeOf(out) * (a.at(-1) ?? 1);
    else if (op === "Gemm") flops += 2 * sizeOf(out) * (a[attributes.transA === 1 ? 0 : 1] ?? 1);
    else if (op === "Conv")
      flops += 2 * sizeOf(out) * sizeOf(b.slice(1)); // [out, in, k…] -> in · k…
    else if (op === "ConvTranspose") flops += 2 * sizeOf(a) * sizeOf(b.slice(1));
  }
  return flops;
}

const sizes = { float32: 4, float64: 8, int32: 4, int64: 8, uint32: 4, bool: 1 } as const;

/** Bytes that the nodes of a graph write; a Reshape writes none. */
export function countBytes(graph: Graph, nodes: readonly GraphNode[]): number {
  let bytes = 0;
  for (const { op, outputs } of nodes) {
    if (op === "Reshape") continue;
    for (const name of outputs) bytes += sizeOf(graph.shapeOf(name)) * sizes[graph.typeOf(name)];
  }
  return bytes;
}
