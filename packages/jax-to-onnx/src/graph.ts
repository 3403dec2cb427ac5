import { nth, pick, sameShape, sizeOf } from "./lists.js";
import type { AttributeValue, ElementType, GraphNode, Initializer } from "./model.js";
import { typeCodes, typedArrays } from "./model.js";
import { ortCpu, type Target } from "./target.js";
import { UseDef } from "./use-def.js";
import type { ValueType } from "./values.js";

export type NodeOptions = {
  attributes?: Readonly<Record<string, AttributeValue>>;
  domain?: string;
};

type Names<Outs extends readonly ValueType[]> = { readonly [Out in keyof Outs]: string };

/**
 * The program of one lowering: values, the nodes that make them in order, and who reads them. Rules append nodes, then
 * passes rewrite them. Equal nodes and constants exist once (common subexpressions).
 */
export class Graph extends UseDef {
  readonly #fixed = new Map<string, boolean>();
  readonly #rotations = new Set<string>();
  #nodes: GraphNode[] = [];
  readonly #ages = new Map<string, number>();
  readonly #seen = new Map<string, readonly string[]>();
  readonly #keys = new WeakMap<GraphNode, string>();

  /** How often each pass acted, and the pass that runs now. */
  readonly #acted = new Map<string, number>();
  pass = "";

  /** Prefix of new names: the present equation, or the node that a pass rewrites. */
  scope = "";

  constructor(readonly target: Target = ortCpu) {
    super();
  }

  get nodes(): readonly GraphNode[] {
    return this.#nodes;
  }

  get acted(): ReadonlyMap<string, number> {
    return this.#acted;
  }

  count(pass: string): void {
    this.#acted.set(pass, (this.#acted.get(pass) ?? 0) + 1);
  }

  /** True if one node reads a value, and nothing else needs it. */
  hasOneReader(name: string): boolean {
    return this.readers(name).size === 1 && !this.isResult(name);
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
      : this.constantOf(name) !== undefined;
    this.#fixed.set(name, fixed);
    return fixed;
  }

  /** Adds a node with one output, or finds the existing one; returns its output. */
  node(op: string, inputs: readonly string[], out: ValueType, options: NodeOptions = {}): string {
    const [output] = this.nodesOf(op, inputs, [out], options);
    return output;
  }

  /** A node whose output has the type of its first input, and its shape or another one. */
  like(
    op: string,
    inputs: readonly [string, ...string[]],
    shape: readonly number[] = this.shapeOf(inputs[0]),
    attributes: NonNullable<NodeOptions["attributes"]> = {},
  ): string {
    return this.node(op, inputs, { type: this.typeOf(inputs[0]), shape }, { attributes });
  }

  cast(name: string, type: ElementType): string {
    const attributes = { to: typeCodes[type] };
    return this.node("Cast", [name], { type, shape: this.shapeOf(name) }, { attributes });
  }

  /** Of an axis every `step`-th entry, from `start` up to `end`, which is not one of them. */
  slice(name: string, axis: number, start: number, end: number, step = 1): string {
    const steps = step === 1 ? [] : [step];
    const count = Math.ceil((end - start) / step);
    const inputs = [start, end, axis, ...steps].map((n) => this.ints([n]));
    return this.like("Slice", [name, ...inputs], this.shapeOf(name).with(axis, count));
  }

  nodesOf<const Outs extends readonly ValueType[]>(
    op: string,
    inputs: readonly string[],
    outs: Outs,
    { attributes = {}, domain = "" }: NodeOptions = {},
  ): Names<Outs> {
    const found = this.#seen.get(nodeKey({ op, domain, inputs, attributes }));
    if (found !== undefined) return found as Names<Outs>;
    const name = this.unique(this.scope ? `${this.scope}/${op}` : op);
    const outputs = outs.map((out, i) =>
      this.declare(i === 0 ? name : this.unique(`${name}:${i}`), out.type, out.shape),
    ) as unknown as Names<Outs> & GraphNode["outputs"];
    this.#append({ op, domain, inputs, outputs, attributes });
    return outputs;
  }

  /** A value without elements: a constant, because a 0 in a shape has another meaning in ONNX. */
  nothing(type: ElementType, shape: readonly number[]): string {
    return this.constant(new (type === "int64" ? BigInt64Array : typedArrays[type])(0), type, shape);
  }

  /** The same elements in another shape; no node if the shape is already right. */
  reshape(name: string, shape: readonly number[]): string {
    const source = this.#unreshaped(name, shape);
    const have = this.shapeOf(source);
    if (sameShape(have, shape)) return source;
    if (shape.includes(0)) return this.nothing(this.typeOf(name), shape);
    if (sizeOf(have) !== sizeOf(shape)) throw new Error(`reshape ${name}: [${have}] to [${shape}]`);
    return this.like("Reshape", [source, this.ints(shape)], shape);
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
      source = nth(before.inputs, 0);
    }
    return source;
  }

  transpose(name: string, perm: readonly number[]): string {
    return this.like("Transpose", [name], pick(this.shapeOf(name), perm), { perm: [...perm] });
  }

  /** The first output of an existing node. */
  find(
    op: string,
    inputs: readonly string[],
    { attributes = {}, domain = "" }: NodeOptions = {},
  ): string | undefined {
    return this.#seen.get(nodeKey({ op, domain, inputs, attributes }))?.[0];
  }

  /** Index of the node that produces a value; −1 for inputs and constants. */
  ageOf(name: string): number {
    return this.#ages.get(name) ?? -1;
  }

  /** The constants among the inputs of nodes and among results. */
  get constants(): Initializer[] {
    const needed = new Set([...this.results, ...this.#nodes.flatMap((node) => node.inputs)]);
    return this.constantsAmong(needed);
  }

  /**
   * Visits the nodes in order. `visit` returns what to read instead of the output of a node, made from values before
   * it, or undefined to keep the node. Then removes what no result needs.
   */
  rewrite(visit: (node: GraphNode) => string | undefined): void {
    const before = this.#nodes;
    this.#nodes = [];
    this.#ages.clear();
    this.#seen.clear();
    const renamed = new Map<string, string>();
    for (const old of before) {
      const node = this.#shortened(this.rename(old, renamed));
      this.scope = node.outputs[0];
      const same = this.#known(node);
      const made = same ? undefined : visit(node);
      if (made !== undefined) this.count(this.pass);
      const by = made === undefined ? same : [made];
      if (by) this.replace(node, by, renamed);
      else this.#append(node);
    }
    this.prune();
  }

  /** A Reshape of the first value of a chain of them. */
  #shortened(node: GraphNode): GraphNode {
    if (node.op !== "Reshape") return node;
    const [name, shape] = [nth(node.inputs, 0), this.shapeOf(node.outputs[0])];
    return this.rename(node, new Map([[name, this.#unreshaped(name, shape)]]));
  }

  /** What exists already of a node's outputs. */
  #known(node: GraphNode): readonly string[] | undefined {
    const [name] = node.op === "Reshape" ? node.inputs : [];
    const isNothing = name !== undefined && sameShape(this.shapeOf(name), this.shapeOf(node.outputs[0]));
    return isNothing ? [name] : this.#seen.get(this.#keyOf(node));
  }

  /** Reads other values instead, from nodes anywhere in the graph, and puts nodes before their readers again. */
  substitute(by: ReadonlyMap<string, string>): void {
    if (by.size === 0) return;
    this.results = this.results.map((name) => by.get(name) ?? name);
    const done = new Set<string>();
    const ordered: GraphNode[] = [];
    const put = (node: GraphNode | undefined): void => {
      if (!node || done.has(node.outputs[0])) return;
      done.add(node.outputs[0]);
      const inputs = node.inputs.map((name) => by.get(name) ?? name);
      for (const name of inputs) put(this.producer(name));
      ordered.push(inputs.every((name, i) => name === node.inputs[i]) ? node : { ...node, inputs });
    };
    for (const node of this.#nodes) if (!node.outputs.some((name) => by.has(name))) put(node);
    this.#reset(ordered);
    this.prune();
  }

  prune(): void {
    const needed = new Set(this.results);
    const kept = this.#nodes.toReversed().filter(({ inputs, outputs }) => {
      const live = outputs.some((name) => needed.has(name));
      if (live) for (const name of inputs) needed.add(name);
      return live;
    });
    if (kept.length < this.#nodes.length) this.#reset(kept.reverse());
  }

  #reset(nodes: readonly GraphNode[]): void {
    this.unlink();
    this.#nodes = [];
    this.#ages.clear();
    this.#seen.clear();
    for (const node of nodes) this.#append(node);
  }

  #append(node: GraphNode): void {
    this.link(node);
    for (const output of node.outputs) this.#ages.set(output, this.#nodes.length);
    this.#nodes.push(node);
    this.#seen.set(this.#keyOf(node), node.outputs);
  }

  #keyOf(node: GraphNode): string {
    const key = this.#keys.get(node) ?? nodeKey(node);
    this.#keys.set(node, key);
    return key;
  }
}

/** Commutative operators: x · g + g · x, the derivative of x², then has one product. */
const commutative = new Set(["Add", "Mul", "And", "Or", "Equal"]);

function nodeKey({ op, domain, inputs, attributes }: Omit<GraphNode, "outputs">): string {
  const operands = commutative.has(op) ? inputs.toSorted() : inputs;
  return `${domain}:${op}(${operands.join(";")})${JSON.stringify(attributes)}`;
}
