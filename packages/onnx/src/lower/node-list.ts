import type { Graph } from "./graph.js";
import type { GraphNode } from "./model.js";

/** Operators whose result shares the memory of their input. */
const views: ReadonlySet<string> = new Set(["Reshape", "Flatten"]);

export const isView = (node: GraphNode): boolean => views.has(node.op);

/** The nodes of a graph after a pass, in order. A new value is named after `scope`, or has an explicit name. */
export class NodeList {
  readonly nodes: GraphNode[] = [];
  readonly #graph: Graph;
  readonly #producers = new Map<string, GraphNode>();
  scope = "";

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  push(node: GraphNode): void {
    this.nodes.push(node);
    for (const name of node.outputs) this.#producers.set(name, node);
  }

  producer(name: string): GraphNode | undefined {
    return this.#producers.get(name);
  }

  transpose(value: string, perm: readonly number[], name?: string): string {
    const shape = this.#graph.shapeOf(value);
    const turned = perm.map((axis) => shape[axis] as number);
    return this.#add("Transpose", [value], turned, { perm: [...perm] }, name);
  }

  /** No node if both the shape and the name already match. */
  reshape(value: string, shape: readonly number[], name?: string): string {
    if (name === undefined && this.#graph.shapeOf(value).join() === shape.join()) return value;
    return this.#add("Reshape", [value, this.#graph.ints(shape)], shape, {}, name);
  }

  /** The first axis, and the product of all others. */
  flatten(value: string): string {
    const [first = 1, ...rest] = this.#graph.shapeOf(value);
    return this.#add("Flatten", [value], [first, rest.reduce((a, b) => a * b, 1)], { axis: 1 });
  }

  #add(
    op: string,
    inputs: readonly [string, ...string[]],
    shape: readonly number[],
    attributes: GraphNode["attributes"],
    name?: string,
  ): string {
    const graph = this.#graph;
    const fresh = (): string =>
      graph.declare(graph.unique(`${this.scope}/${op}`), graph.typeOf(inputs[0]), shape);
    const output = name ?? fresh();
    this.push({ op, domain: "", inputs, outputs: [output], attributes });
    return output;
  }
}
