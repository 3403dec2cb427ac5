import type { GraphNode, Initializer } from "jax-to-onnx/internal";

/** A value of the graph: its name, and its number of axes including the batch. */
export type Emitted = Readonly<{ name: string; rank: number }>;

/** Writes the nodes of an ONNX graph, each named after its layer. */
export class Emitter {
  readonly nodes: GraphNode[] = [];
  readonly constants: Initializer[] = [];
  readonly #taken = new Set<string>();

  /** A node of the layer; its result has as many axes as its first input, or `rank`. */
  node(
    layer: string,
    op: string,
    inputs: readonly (Emitted | string)[],
    attributes: GraphNode["attributes"] = {},
    rank = (inputs[0] as Emitted).rank,
  ): Emitted {
    const name = this.name(`${layer}/${op}`);
    const names = inputs.map((input) => (typeof input === "string" ? input : input.name));
    this.nodes.push({ op, domain: "", inputs: names, outputs: [name], attributes });
    return { name, rank };
  }

  /** A constant of the layer. */
  constant(name: string, shape: readonly number[], data: Float32Array | BigInt64Array): string {
    const own = this.name(name);
    const type = data instanceof Float32Array ? "float32" : "int64";
    this.constants.push({ name: own, type, shape, data });
    return own;
  }

  /** An unused name. */
  name(wanted: string): string {
    let name = wanted;
    for (let copy = 2; this.#taken.has(name); copy++) name = `${wanted}_${copy}`;
    this.#taken.add(name);
    return name;
  }

  /** Moves the last axis of x, its channels, to the first axis of an example. */
  channelsFirst(layer: string, x: Emitted): Emitted {
    const space = Array.from({ length: x.rank - 2 }, (_, i) => i + 1);
    return this.node(layer, "Transpose", [x], { perm: [0, x.rank - 1, ...space] });
  }

  /** The inverse of `channelsFirst`. */
  channelsLast(layer: string, x: Emitted): Emitted {
    const space = Array.from({ length: x.rank - 2 }, (_, i) => i + 2);
    return this.node(layer, "Transpose", [x], { perm: [0, ...space, 1] });
  }
}
