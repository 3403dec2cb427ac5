import type { Graph } from "./graph.js";
import type { GraphNode } from "./model.js";
import { isProduct } from "./rules/matrix-chain.js";

/**
 * Turns an addition after a matrix product into the third operand of a Gemm, which saves a pass over memory. Only if
 * nothing else uses the product.
 */
export function fuseBias(
  graph: Graph,
  nodes: readonly GraphNode[],
  outputs: ReadonlySet<string>,
): GraphNode[] {
  const uses = countUses(nodes);
  const place = new Map<string, number>();
  nodes.forEach((node, i) => node.outputs.forEach((name) => place.set(name, i)));
  const products = new Map<string, GraphNode>();
  for (const node of nodes) if (isProduct(graph, node)) products.set(node.outputs[0] as string, node);
  const gone = new Set<GraphNode>();
  const result = nodes.map((node) => {
    if (node.op !== "Add") return node;
    const [sum] = node.outputs as [string];
    const alone = (name: string) => products.has(name) && uses.get(name) === 1 && !outputs.has(name);
    // For a sum of two products the later one takes the other as its third operand.
    const [product] = node.inputs.filter(alone).sort((a, b) => (place.get(b) ?? 0) - (place.get(a) ?? 0));
    const other = node.inputs.find((name) => name !== product);
    if (product === undefined || other === undefined) return node;
    const shape = graph.shapeOf(product);
    if (graph.shapeOf(sum).join() !== shape.join() || graph.shapeOf(other).length > 2) return node;
    const made = products.get(product) as GraphNode;
    gone.add(made);
    return { ...made, op: "Gemm", inputs: [...made.inputs, other], outputs: node.outputs };
  });
  return result.filter((node) => !gone.has(node));
}

/**
 * Turns chains of scalar additions, ((a + b) + c) + …, into one Sum, which adds in that order: the norm of a gradient
 * has a term for every parameter.
 */
export function fuseSums(
  graph: Graph,
  nodes: readonly GraphNode[],
  outputs: ReadonlySet<string>,
): GraphNode[] {
  const uses = countUses(nodes);
  const scalar = (name: string): boolean => graph.shapeOf(name).length === 0;
  const terms = new Map<string, readonly string[]>();
  const gone = new Set<GraphNode>();
  for (const node of nodes) {
    if (node.op !== "Add" || ![...node.inputs, ...node.outputs].every(scalar)) continue;
    const [first, second] = node.inputs as [string, string];
    const [sum] = node.outputs as [string];
    const before = uses.get(first) === 1 && !outputs.has(first) ? terms.get(first) : undefined;
    if (before) gone.add(graph.producer(first) as GraphNode);
    terms.set(sum, [...(before ?? [first]), second]);
  }
  return nodes.flatMap((node) => {
    if (gone.has(node)) return [];
    const all = terms.get(node.outputs[0] as string);
    return all && all.length > 2 ? [{ ...node, op: "Sum", inputs: [...all] }] : [node];
  });
}

function countUses(nodes: readonly GraphNode[]): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  for (const node of nodes) for (const name of node.inputs) uses.set(name, (uses.get(name) ?? 0) + 1);
  return uses;
}
