import type { GraphNode } from "jax-to-onnx/internal";

/** The producer of each value of a graph, and its readers. */
export type Links = Readonly<{
  producer(name: string | undefined): GraphNode | undefined;
  readers(name: string): readonly GraphNode[];
}>;

export function linksOf(nodes: readonly GraphNode[]): Links {
  const producers = new Map<string, GraphNode>();
  const readers = new Map<string, GraphNode[]>();
  for (const node of nodes) {
    for (const name of node.outputs) producers.set(name, node);
    for (const name of new Set(node.inputs)) {
      const known = readers.get(name);
      if (known) known.push(node);
      else readers.set(name, [node]);
    }
  }
  return {
    producer: (name) => (name === undefined ? undefined : producers.get(name)),
    readers: (name) => readers.get(name) ?? [],
  };
}

/** The nodes that values need, in order, and all values that these produce or read. */
export function nodesFor(
  nodes: readonly GraphNode[],
  wanted: readonly string[],
): { nodes: GraphNode[]; needed: ReadonlySet<string> } {
  const needed = new Set(wanted);
  const found: GraphNode[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((name) => needed.has(name))) continue;
    found.push(node);
    for (const name of node.inputs) needed.add(name);
  }
  return { nodes: found.reverse(), needed };
}
