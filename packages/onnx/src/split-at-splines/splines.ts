import { type GraphNode, isView, type LoweredGraph, sizeOf } from "jax-to-onnx/internal";
import { type Expression, Expressions } from "../fused/expressions.js";
import { emitKernel } from "../fused/kernel.js";
import type { WasmFunction } from "../fused/wasm.js";
import { type Links, linksOf } from "./links.js";

/**
 * A part of a graph that a kernel can compute: a lookup in a fixed table, and all elementwise work that depends only on
 * its numbers and x. The table has a column for each interval of x (in a spline, each bin).
 */
export type Splines = Readonly<{
  /** Number of elements of x. */
  size: number;
  x: string;
  /** Fixed values: the table [rows, intervals], the beginnings and the ends of the intervals. */
  table: string;
  from: string;
  to: string;
  nodes: ReadonlySet<GraphNode>;
  /** The outputs with other readers, and the kernel that computes them from x, in this order. */
  results: readonly string[];
  kernel: WasmFunction;
}>;

/** The parts of a graph that kernels can compute, each for one x. */
export function findSplines(graph: LoweredGraph, isFixed: (name: string) => boolean): Splines[] {
  const { producer, readers } = linksOf(graph.nodes);
  const numbers = new Map(
    graph.constants.flatMap(({ name, type, data }) =>
      type === "float32" && data.length === 1 ? [[name, Number(data[0])] as const] : [],
    ),
  );
  const results = new Set(graph.outputs.map(({ name }) => name));
  /** The producer of a value with a single reader. */
  const made = (name: string | undefined, op: string): GraphNode | undefined => {
    const node = producer(name);
    const alone = readers(name as string).length === 1 && !results.has(name as string);
    return node?.op === op && alone ? node : undefined;
  };
  const heads = graph.nodes.flatMap((product) => {
    const head = readHead(product, made);
    if (!head || ![head.table, head.from, head.to].every(isFixed) || isFixed(head.x)) return [];
    const shapeOf = (name: string): string => graph.typeOf(name).shape.join();
    const { type, shape } = graph.typeOf(head.table);
    if (type !== "float32" || shape.length !== 2) return [];
    const [rows, intervals] = shape as [number, number];
    const isColumn = [head.from, head.to].every((name) => shapeOf(name) === `${intervals},1`);
    if (!isColumn || shapeOf(head.x) !== `1,${sizeOf(graph.typeOf(head.x).shape)}` || intervals < 2)
      return [];
    const [out] = product.outputs as [string];
    const [split, ...others] = readers(out);
    if (results.has(out) || others.length > 0) return [];
    if (split?.op !== "Split" || split.attributes.axis !== 0 || split.outputs.length !== rows) return [];
    const source = throughViews(head.x, producer);
    if (graph.typeOf(source).type !== "float32") return [];
    return producer(source) && !results.has(source) ? [{ ...head, split, source }] : [];
  });
  const sources = new Set(heads.map(({ source }) => source));
  return heads.flatMap((head) => grow(graph, head, { readers, numbers, results, sources }) ?? []);
}

type Head = Readonly<{ table: string; from: string; to: string; x: string; nodes: readonly GraphNode[] }>;

/** table · (from ≤ x and x < to), the product with a one-hot. */
function readHead(
  product: GraphNode,
  made: (name: string | undefined, op: string) => GraphNode | undefined,
): Head | undefined {
  if (product.op !== "MatMul") return undefined;
  const [table, hot] = product.inputs as [string, string];
  const cast = made(hot, "Cast");
  const both = made(cast?.inputs[0], "And");
  const lower = made(both?.inputs[0], "LessOrEqual");
  const upper = made(both?.inputs[1], "Less");
  if (!cast || !both || !lower || !upper) return undefined;
  const [[from, x], [also, to]] = [lower.inputs, upper.inputs] as [[string, string], [string, string]];
  return x === also ? { table, from, to, x, nodes: [product, cast, both, lower, upper] } : undefined;
}

/** The source of a value with the same elements in the same order. */
function throughViews(name: string, producer: Links["producer"]): string {
  const node = producer(name);
  return node && isView(node) ? throughViews(node.inputs[0] as string, producer) : name;
}

type Build = (build: Expressions, a: Expression, b: Expression) => Expression | undefined;

/** Elementwise operators that kernels support. */
const operators: Readonly<Record<string, Build>> = {
  Add: (build, a, b) => build.operation("add", a, b),
  Sub: (build, a, b) => build.operation("sub", a, b),
  Mul: (build, a, b) => build.operation("mul", a, b),
  Div: (build, a, b) => build.operation("div", a, b),
  Max: (build, a, b) => build.operation("max", a, b),
  Min: (build, a, b) => build.operation("min", a, b),
  Neg: (build, a) => build.operation("neg", a),
  Sqrt: (build, a) => build.operation("sqrt", a),
  Relu: (build, a) => build.operation("max", a, build.number(0)),
  Reciprocal: (build, a) => build.operation("div", build.number(1), a),
  Reshape: (_build, a) => a,
  Flatten: (_build, a) => a,
};

type Surroundings = Readonly<{
  readers: Links["readers"];
  numbers: ReadonlyMap<string, number>;
  results: ReadonlySet<string>;
  /** The inputs of lookups: these must be written to memory. */
  sources: ReadonlySet<string>;
}>;

/** All values that depend only on the numbers of a table and x, as far as kernels support the operators. */
function grow(
  graph: LoweredGraph,
  head: Head & Readonly<{ split: GraphNode; source: string }>,
  { readers, numbers, results, sources }: Surroundings,
): Splines | undefined {
  const size = sizeOf(graph.typeOf(head.x).shape);
  const build = new Expressions();
  const x = build.argument(0, size);
  const values = new Map<string, Expression>([
    [head.x, x],
    [head.source, x],
  ]);
  head.split.outputs.forEach((name, i) => {
    values.set(name, build.argument(1 + i, size));
  });
  const row = head.split.outputs.map((name) => values.get(name) as Expression);
  const nodes = new Set([...head.nodes, head.split]);
  for (const node of graph.nodes) {
    const [name] = node.outputs as [string];
    const operator = operators[node.op];
    const operands = (isView(node) ? node.inputs.slice(0, 1) : node.inputs).map((input) => {
      const number = numbers.get(input);
      return values.get(input) ?? (number === undefined ? undefined : build.number(number));
    });
    if (!operator || results.has(name) || values.has(name) || operands.length > 2) continue;
    if (!operands.every((e) => e !== undefined) || operands.every((e) => e === x || e.size === 1)) continue;
    const [a, b = a] = operands as [Expression, Expression | undefined];
    const value = operator(build, a, b);
    if (value?.size !== size || sizeOf(graph.typeOf(name).shape) !== size) continue; // otherwise it is broadcast
    values.set(name, value);
    nodes.add(node);
  }
  const outside = (name: string): boolean =>
    sources.has(name) || results.has(name) || readers(name).some((reader) => !nodes.has(reader));
  const outputs = [...nodes].flatMap((node) =>
    node === head.split || head.nodes.includes(node) ? [] : node.outputs.filter(outside),
  );
  if (outputs.length === 0 || head.split.outputs.some(outside)) return undefined;
  const expressions = outputs.map((name) => values.get(name) as Expression);
  const [, intervals] = graph.typeOf(head.table).shape as [number, number];
  const kernel = emitKernel({
    inputs: [x],
    scalars: [],
    steps: neededBy(expressions, build.all),
    outputs: expressions,
    table: { of: x, ends: intervals - 1, row },
  });
  return {
    size,
    x: head.source,
    table: head.table,
    from: head.from,
    to: head.to,
    nodes,
    results: outputs,
    kernel,
  };
}

/** The operations that values need, operands first. */
function neededBy(values: readonly Expression[], all: readonly Expression[]): Expression[] {
  const needed = new Set(values);
  for (const e of all.toReversed())
    if (needed.has(e) && e.kind === "operation") for (const operand of e.operands) needed.add(operand);
  return all.filter((e) => e.kind === "operation" && needed.has(e));
}
