import { type ClosedJaxpr, DType, type Jaxpr } from "@jax-js/jax";
import { readConstant } from "./constants.js";
import {
  type Context,
  elementType,
  literal,
  plainContext,
  type Rule,
  typedData,
  unsupported,
} from "./context.js";
import { countBytes, countFlops, countPeak } from "./counts.js";
import { fuseBias, fuseSums } from "./fuse.js";
import { Graph, type ValueType } from "./graph.js";
import { type Atom, isLiteral, prepare, sizeOf, type Var } from "./jaxpr.js";
import { dense } from "./layout.js";
import { type Lazy, ofBuffer } from "./lazy.js";
import type { ElementType, GraphModel, TensorInfo } from "./model.js";
import { narrowProducts } from "./narrow.js";
import { shareRotations } from "./rotations.js";
import { bitRules } from "./rules/bits.js";
import { concatRules } from "./rules/concat.js";
import { convRules } from "./rules/conv.js";
import { dotRules } from "./rules/dot.js";
import { elementwiseRules } from "./rules/elementwise.js";
import { indexingRules } from "./rules/indexing.js";
import { movementRules } from "./rules/movement.js";
import { reduceRules } from "./rules/reduce.js";
import { sortRules } from "./rules/sort.js";
import { windowRules } from "./rules/windows.js";
import { longRuns } from "./runs.js";
import { fuseTanh } from "./tanh.js";
import { joinTransposes, quickTransposes } from "./transposes.js";
import { wantedOrders } from "./wanted.js";

export type LowerOptions = {
  /** Name of the graph. */
  name?: string;
  /** Names of the arguments and results, in the order of the flattened trees. */
  inputNames?: readonly string[];
  outputNames?: readonly string[];
  /** Names of arguments that are the same in every run: computations that depend only on them may run once. */
  fixed?: ReadonlySet<string>;
  /** The orthogonal matrices among them, up to rounding. */
  rotations?: ReadonlySet<string>;
  /**
   * Only sums over an example matter, as in a training step: a convolution may use a form whose errors are relative to
   * the largest number of its image, and in which one non-finite number spoils its whole image. Default false: a result
   * depends only on its inputs in the program.
   */
  itemwise?: boolean;
};

const rules: Readonly<Record<string, Rule>> = {
  ...elementwiseRules,
  ...movementRules,
  ...concatRules,
  ...reduceRules,
  ...dotRules,
  ...windowRules,
  ...convRules,
  ...indexingRules,
  ...sortRules,
  ...bitRules,
};

/**
 * A graph, the floating-point operations of its products and convolutions (2 per multiply-add), the bytes that its
 * nodes write, and its peak memory. Products of fixed arguments are not counted.
 */
export type LoweredGraph = GraphModel &
  Readonly<{
    flops: number;
    bytes: number;
    peak: number;
    /** Type and shape of a node's output or a constant. */
    typeOf(name: string): ValueType;
  }>;

/** The primitives of jax-js that can be lowered. */
export const loweredPrimitives: readonly string[] = [...Object.keys(rules), "jit"];

/**
 * Lowers a traced program to an ONNX graph with one input per argument and one output per result.
 * Constants are read, not consumed.
 *
 * @throws UnsupportedOpError for a primitive without a rule; `node` is the equation.
 */
export function lower(closed: ClosedJaxpr, options: LowerOptions = {}): LoweredGraph {
  const jaxpr = prepare(closed.jaxpr);
  const graph = new Graph();
  const env = new Map<Var, Lazy>();
  const constants = closed.consts.length;
  const inputs = bindInputs(graph, jaxpr.inBinders.slice(constants), env, options.inputNames);
  for (const { name } of inputs) if (options.fixed?.has(name)) graph.fix(name, options.rotations?.has(name));
  const outputNames = jaxpr.outs.map((_, i) => graph.unique(options.outputNames?.[i] ?? `output.${i}`));
  bindConstants(graph, closed, jaxpr, env);
  runRules(graph, jaxpr, env, options.itemwise ?? false);
  graph.scope = "out";
  const cx = plainContext(graph);
  const values = jaxpr.outs.map((out) => resultName(graph, read(cx, env, out)));
  const outputs = jaxpr.outs.map((out, i) => ({
    name: outputNames[i] as string,
    type: boundaryType(out.aval.dtype),
    shape: out.aval.shape,
  }));
  return { name: options.name ?? "flowify", inputs, outputs, ...nameOutputs(graph, values, outputNames) };
}

/** Converts between uint32 arguments and results and the internal int64. */
const boundaryType = (dtype: DType): ElementType => (dtype === DType.Uint32 ? "uint32" : elementType(dtype));

function read(cx: Context, env: ReadonlyMap<Var, Lazy>, atom: Atom): Lazy {
  if (isLiteral(atom)) return literal(cx, Number(atom.value), atom.aval.dtype);
  const value = env.get(atom);
  if (value === undefined) throw new Error(`variable ${atom.toString()} has no value`);
  return value;
}

function bindInputs(
  graph: Graph,
  binders: readonly Var[],
  env: Map<Var, Lazy>,
  names: readonly string[] = [],
): TensorInfo[] {
  return binders.map((v, i) => {
    const { dtype, shape } = v.aval;
    const type = boundaryType(dtype);
    const name = graph.declare(graph.unique(names[i] ?? `input.${i}`), type, shape);
    const held = elementType(dtype);
    const base =
      held === type ? name : graph.node("Cast", [name], { type: held, shape }, { attributes: { to: 7 } });
    env.set(v, sizeOf(shape) === 0 ? empty(graph, v) : ofBuffer(base, dtype, shape));
    return { name, type, shape };
  });
}

/** An array without elements can have any value. */
const empty = (graph: Graph, v: Var): Lazy => literal(plainContext(graph), 0, v.aval.dtype, v.aval.shape);

function bindConstants(graph: Graph, closed: ClosedJaxpr, jaxpr: Jaxpr, env: Map<Var, Lazy>): void {
  closed.consts.forEach((tracer, i) => {
    const v = jaxpr.inBinders[i] as Var;
    const { dtype, shape } = v.aval;
    // Traces of gradients may leave large unused constants.
    if (!isUsed(jaxpr, v)) return;
    const { values, uniform } = readConstant(tracer);
    const value =
      uniform === undefined
        ? ofBuffer(graph.constant(typedData(values, dtype), elementType(dtype), shape), dtype, shape)
        : literal(plainContext(graph), uniform, dtype, shape);
    env.set(v, value);
  });
}

const isUsed = (jaxpr: Jaxpr, v: Var): boolean =>
  jaxpr.outs.includes(v) || jaxpr.eqns.some((eqn) => eqn.inputs.includes(v));

function runRules(graph: Graph, jaxpr: Jaxpr, env: Map<Var, Lazy>, itemwise: boolean): void {
  const wanted = wantedOrders(jaxpr);
  jaxpr.eqns.forEach((eqn, i) => {
    const [first] = eqn.outBinders;
    const cx: Context = { graph, wanted: first && wanted.get(first), itemwise };
    graph.scope = `${eqn.primitive}.${i}`;
    if (eqn.outBinders.every((v) => v.aval.size === 0)) {
      for (const v of eqn.outBinders) env.set(v, empty(graph, v));
      return;
    }
    const rule = rules[eqn.primitive];
    if (rule === undefined) throw unsupported(eqn, "no rule to lower it to ONNX");
    const results = rule(
      cx,
      eqn,
      eqn.inputs.map((atom) => read(cx, env, atom)),
    );
    eqn.outBinders.forEach((v, k) => env.set(v, results[k] as Lazy));
  });
}

function resultName(graph: Graph, v: Lazy): string {
  const name = dense(graph, v);
  if (v.dtype !== DType.Uint32) return name;
  const type = { type: "uint32", shape: graph.shapeOf(name) } as const;
  return graph.node("Cast", [name], type, { attributes: { to: 12 } });
}

/**
 * Names the results. A value that is an input, a constant or already a result is copied by an Identity; any other value
 * is renamed at its producer.
 */
function nameOutputs(graph: Graph, values: readonly string[], names: readonly string[]) {
  const renamed = new Map<string, string>();
  const copies: GraphModel["nodes"][number][] = [];
  values.forEach((value, i) => {
    const name = names[i] as string;
    if (graph.producer(value) !== undefined && !renamed.has(value)) renamed.set(value, name);
    else copies.push({ op: "Identity", domain: "", inputs: [value], outputs: [name], attributes: {} });
  });
  const rename = (name: string) => renamed.get(name) ?? name;
  const original = new Map([...renamed].map(([value, name]) => [name, value]));
  const nodes = shareRotations(graph, graph.live(values).nodes, values);
  const results = new Set(values);
  const joined = fuseSums(graph, fuseBias(graph, fuseTanh(graph, nodes, results), results), results);
  const arranged = longRuns(graph, narrowProducts(graph, joined));
  const fused = quickTransposes(graph, joinTransposes(graph, arranged, values));
  return {
    flops: countFlops(
      graph,
      fused.filter(({ outputs: [first] }) => !graph.isFixed(first as string)),
    ),
    bytes: countBytes(graph, fused),
    peak: countPeak(graph, fused, values),
    nodes: [...fused, ...copies].map((node) => ({
      ...node,
      inputs: node.inputs.map(rename),
      outputs: node.outputs.map(rename),
    })),
    constants: graph.constantsOf(fused, values),
    typeOf(name: string): ValueType {
      const value = original.get(name) ?? name;
      return { type: graph.typeOf(value), shape: graph.shapeOf(value) };
    },
  };
}
