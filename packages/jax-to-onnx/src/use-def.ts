import { nth } from "./lists.js";
import type { GraphNode } from "./model.js";
import { Values } from "./values.js";

const none: ReadonlySet<GraphNode> = new Set();

/** Use–def chains: the node that makes each value, the nodes that read it, and the values that a program returns. */
export class UseDef extends Values {
  readonly #producers = new Map<string, GraphNode>();
  readonly #readers = new Map<string, Set<GraphNode>>();
  #results: readonly string[] = [];
  #isResult = new Set<string>();

  /** The values that the program returns; passes keep them, and `prune` keeps only what they need. */
  get results(): readonly string[] {
    return this.#results;
  }

  set results(names: readonly string[]) {
    this.#results = names;
    this.#isResult = new Set(names);
  }

  /** The node that makes a value; undefined for inputs and constants. */
  producer(name: string): GraphNode | undefined {
    return this.#producers.get(name);
  }

  /** The nodes that read a value. */
  readers(name: string): ReadonlySet<GraphNode> {
    return this.#readers.get(name) ?? none;
  }

  isResult(name: string): boolean {
    return this.#isResult.has(name);
  }

  protected link(node: GraphNode): void {
    for (const name of node.outputs) this.#producers.set(name, node);
    for (const name of node.inputs) {
      const known = this.#readers.get(name);
      if (known) known.add(node);
      else this.#readers.set(name, new Set([node]));
    }
  }

  /** The node with new names of its inputs. */
  protected rename(node: GraphNode, names: ReadonlyMap<string, string>): GraphNode {
    if (!node.inputs.some((name) => names.has(name))) return node;
    const renamed = { ...node, inputs: node.inputs.map((name) => names.get(name) ?? name) };
    // A replaced value's readers are already those of the other value.
    this.#forget(node, [...node.inputs, ...renamed.inputs]);
    this.link(renamed);
    return renamed;
  }

  /** Reads other values instead of the outputs of a node, which goes; later nodes are renamed when they are visited. */
  protected replace(node: GraphNode, by: readonly string[], names: Map<string, string>): void {
    this.#forget(node, node.inputs);
    node.outputs.forEach((name, i) => {
      const other = nth(by, i);
      names.set(name, other);
      const readers = this.#readers.get(name) ?? [];
      const joined = this.#readers.get(other) ?? new Set();
      for (const reader of readers) joined.add(reader);
      this.#readers.set(other, joined);
      this.#readers.delete(name);
      this.#producers.delete(name);
      if (this.isResult(name))
        this.results = this.results.map((result) => (result === name ? other : result));
    });
  }

  protected unlink(): void {
    this.#producers.clear();
    this.#readers.clear();
  }

  /** A node no longer reads these values. */
  #forget(node: GraphNode, inputs: readonly string[]): void {
    for (const name of inputs) this.#readers.get(name)?.delete(node);
  }
}
