import type { Graph } from "./graph.js";
import { nth, sizeOf } from "./lists.js";
import { type GraphNode, isView } from "./model.js";

/**
 * Floating-point operations of the matrix products and convolutions of a graph: 2 for every
 * multiplication and the addition that follows it. Elementwise work is not counted: the count sets a lower bound on the
 * time at the machine's matrix rate.
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

/** Bytes written by the nodes of a graph; a Reshape writes none. */
export function countBytes(graph: Graph, nodes: readonly GraphNode[]): number {
  let bytes = 0;
  for (const node of nodes) {
    if (isView(node)) continue;
    for (const name of node.outputs) bytes += sizeOf(graph.shapeOf(name)) * sizes[graph.typeOf(name)];
  }
  return bytes;
}

/**
 * Peak memory in bytes while the nodes run in order: values that later nodes read, and the results. A Reshape shares
 * the memory of its input; inputs and constants are not counted.
 */
export function countPeak(graph: Graph, nodes: readonly GraphNode[], results: readonly string[]): number {
  const owner = new Map<string, string>();
  const ownerOf = (name: string): string => owner.get(name) ?? name;
  const lastUse = new Map<string, number>();
  nodes.forEach((node, i) => {
    const { inputs, outputs } = node;
    for (const name of inputs) lastUse.set(ownerOf(name), i);
    if (isView(node)) owner.set(outputs[0], ownerOf(nth(inputs, 0)));
    else for (const name of outputs) lastUse.set(name, i);
  });
  for (const name of results) lastUse.set(ownerOf(name), nodes.length);
  const bytesOf = (name: string): number => sizeOf(graph.shapeOf(name)) * sizes[graph.typeOf(name)];
  const made = new Set<string>();
  let [alive, peak] = [0, 0];
  nodes.forEach((node, i) => {
    const { inputs, outputs } = node;
    if (!isView(node))
      for (const name of outputs) {
        made.add(name);
        alive += bytesOf(name);
      }
    peak = Math.max(peak, alive);
    for (const name of new Set([...inputs, ...outputs].map(ownerOf)))
      if (lastUse.get(name) === i && made.delete(name)) alive -= bytesOf(name);
  });
  return peak;
}
