import { sizeOf } from "./jaxpr.js";
import { nodesFor } from "./links.js";
import type { AttributeValue, ElementType, GraphNode, Initializer } from "./model.js";

export type NodeOptions = {
  attributes?: Readonly<Record<string, AttributeValue>>;
  domain?: string;
};

/** Type and shape of an ONNX value. */
export type ValueType = Readonly<{ type: ElementType; shape: readonly number[] }>;

type Constant = Initializer["data"];

/** Most bytes of a constant for detecting duplicates. */
const LONGEST_KEY = 65536;

/**
 * Builds an ONNX graph node by node. Equal nodes and constants are created once (common subexpressions); `live` drops
 * unused nodes.
 */
export class Graph {
  readonly #types = new Map<string, ValueType>();
  readonly #producers = new Map<string, GraphNode>();
  readonly #ages = new Map<string, number>();
  readonly #nodes: GraphNode[] = [];
  readonly #seen = new Map<string, readonly string[]>();
  readonly #constants = new Map<string, Initializer>();
  readonly #constantKeys = new Map<string, string>();
  readonly #used = new Set<string>();
  readonly #fixed = new Map<string, boolean>();
  readonly #rotations = new Set<string>();

  /** Prefix of new names: the present equation. */
  scope = "";

  /** Makes a name unique; its first use stays unchanged. */
  unique(name: string): string {
    let result = name;
    for (let i = 2; this.#used.has(result); i++) result = `${name}.${i}`;
    this.#used.add(result);
    return result;
  }

  declare(name: string, type: ElementType, shape: readonly number[]): string {
    this.#types.set(name, { type, shape });
    return name;
  }

  typeOf(name: string): ElementType {
    return this.#type(name).type;
  }

  shapeOf(name: string): readonly number[] {
    return this.#type(name).shape;
  }

  producer(name: string): GraphNode | undefined {
    return this.#producers.get(name);
  }

  /** The data of a constant, or undefined for any other value. */
  constantOf(name: string): Initializer | undefined {
    return this.#constants.get(name);
  }

  /** Declares an input as equal in every run, and whether it is an orthogonal matrix. */
  fix(name: string, isRotation = false): void {
    this.#fixed.set(name, true);
    if (isRotation) this.#rotations.add(name);
  }

  isRotation(name: string): boolean {
    return this.#rotations.has(name);
  }

  /** True for values that depend only on constants and fixed inputs, and are computed once. */
  isFixed(name: string): boolean {
    const known = this.#fixed.get(name);
    if (known !== undefined) return known;
    const node = this.producer(name);
    const fixed = node
      ? !node.op.startsWith("Random") && node.inputs.every((input) => this.isFixed(input))
      : this.#constants.has(name);
    this.#fixed.set(name, fixed);
    return fixed;
  }

  /** Adds a node with one output, or finds the existing one; returns its output. */
  node(op: string, inputs: readonly string[], out: ValueType, options: NodeOptions = {}): string {
    return this.nodes(op, inputs, [out], options)[0] as string;
  }

  /** Adds a node with several outputs. */
  nodes(
    op: string,
    inputs: readonly string[],
    outs: readonly ValueType[],
    { attributes = {}, domain = "" }: NodeOptions = {},
  ): readonly string[] {
    const key = nodeKey(op, domain, inputs, attributes);
    const found = this.#seen.get(key);
    if (found !== undefined) return found;
    const name = this.unique(this.scope ? `${this.scope}/${op}` : op);
    const outputs = outs.map((out, i) =>
      this.declare(i === 0 ? name : this.unique(`${name}:${i}`), out.type, out.shape),
    );
    const node: GraphNode = { op, domain, inputs, outputs, attributes };
    for (const output of outputs) {
      this.#producers.set(output, node);
      this.#ages.set(output, this.#nodes.length);
    }
    this.#nodes.push(node);
    this.#seen.set(key, outputs);
    return outputs;
  }

  /** A constant tensor; equal ones share one initializer. */
  constant(data: Constant, type: ElementType, shape: readonly number[]): string {
    // Compares bytes, because 0 and −0 are different constants. Very long ones are not compared.
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const key = bytes.length <= LONGEST_KEY ? `${type}|${shape.join()}|${bytes.join()}` : undefined;
    const found = key === undefined ? undefined : this.#constantKeys.get(key);
    if (found !== undefined) return found;
    const text = data.length === 1 ? String(data[0]) : `${type}[${shape.join()}]`;
    const name = this.declare(this.unique(`const ${text}`), type, shape);
    this.#constants.set(name, { name, type, shape, data });
    if (key !== undefined) this.#constantKeys.set(key, name);
    return name;
  }

  /** A constant int64 vector, for shapes and axes in ONNX. */
  ints(values: readonly number[]): string {
    return this.constant(BigInt64Array.from(values, BigInt), "int64", [values.length]);
  }

  /** The same elements in another shape; no node if the shape is already right. */
  reshape(name: string, shape: readonly number[]): string {
    const source = this.#unreshaped(name, shape);
    const have = this.shapeOf(source);
    if (sameShape(have, shape)) return source;
    if (sizeOf(have) !== sizeOf(shape)) throw new Error(`reshape ${name}: [${have}] to [${shape}]`);
    return this.node("Reshape", [source, this.ints(shape)], { type: this.typeOf(name), shape });
  }

  /** The result of `reshape`, if it needs no node. */
  findReshape(name: string, shape: readonly number[]): string | undefined {
    const source = this.#unreshaped(name, shape);
    return sameShape(this.shapeOf(source), shape) ? source : this.find("Reshape", [source, this.ints(shape)]);
  }

  /** Merges consecutive reshapes: the first value with this shape, or that is not a reshape. */
  #unreshaped(name: string, shape: readonly number[]): string {
    let source = name;
    while (!sameShape(this.shapeOf(source), shape)) {
      const before = this.producer(source);
      if (before?.op !== "Reshape") break;
      source = before.inputs[0] as string;
    }
    return source;
  }

  /** The first output of an existing node. */
  find(
    op: string,
    inputs: readonly string[],
    { attributes = {}, domain = "" }: NodeOptions = {},
  ): string | undefined {
    return this.#seen.get(nodeKey(op, domain, inputs, attributes))?.[0];
  }

  /** Index of the node that produces a value; −1 for inputs and constants. */
  ageOf(name: string): number {
    return this.#ages.get(name) ?? -1;
  }

  /** The nodes and constants that the outputs need, in order. */
  live(outputs: readonly string[]): { nodes: GraphNode[]; constants: Initializer[] } {
    const { nodes } = nodesFor(this.#nodes, outputs);
    return { nodes, constants: this.constantsOf(nodes, outputs) };
  }

  /** The constants among the inputs of nodes and among results. */
  constantsOf(nodes: readonly GraphNode[], results: readonly string[]): Initializer[] {
    const needed = new Set([...results, ...nodes.flatMap((node) => node.inputs)]);
    return [...this.#constants.values()].filter((c) => needed.has(c.name));
  }

  #type(name: string): ValueType {
    const type = this.#types.get(name);
    if (type === undefined) throw new Error(`unknown ONNX value ${name}`);
    return type;
  }
}

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i]);

/** Commutative operators: x · g + g · x, the derivative of x², then has one product. */
const commutative = new Set(["Add", "Mul", "And", "Or", "Equal"]);

function nodeKey(op: string, domain: string, inputs: readonly string[], attributes: object): string {
  const operands = commutative.has(op) ? inputs.toSorted() : inputs;
  return `${domain}:${op}(${operands.join(";")})${JSON.stringify(attributes)}`;
}
