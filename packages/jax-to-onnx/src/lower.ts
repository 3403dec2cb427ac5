import { type ClosedJaxpr, DType } from "@jax-js/jax";
import { elementType, plainContext } from "./context.js";
import { countBytes, countFlops, countPeak } from "./counts.js";
import { atOnce, bindConstants, type Environment, empty, evaluate, read } from "./evaluate.js";
import { Graph } from "./graph.js";
import { prepareNamed, type Var } from "./jaxpr.js";
import { dense } from "./layout.js";
import { type Lazy, ofBuffer } from "./lazy.js";
import { nth, sizeOf } from "./lists.js";
import { type ElementType, type GraphModel, renamed, type TensorInfo } from "./model.js";
import type { OwnRule } from "./own-rules.js";
import type { Pass } from "./passes/pass.js";
import { passes } from "./passes.js";
import { programs } from "./programs.js";
import { rules } from "./rules.js";
import { ortCpu, type Target } from "./target.js";
import type { ValueType } from "./values.js";

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
  /** Constants of floats become arguments, behind the others. Default false. */
  lift?: boolean;
  /** Names of jitted functions of the program that stand in front of the names of their nodes. */
  scopes?: ReadonlySet<string>;
  /** Rules for primitives, which go before ours. */
  rules?: Readonly<Record<string, OwnRule>>;
  /** What the graph is for. Default `ortCpu`. */
  target?: Target;
  /** Called after the rules, and after each pass on the graph, with its name. */
  onPass?: (name: string, graph: Graph) => void;
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
    /** Places of the constants that are the last arguments. */
    lifted: readonly number[];
    acted: ReadonlyMap<string, number>;
    /** Type and shape of a node's output or a constant. */
    typeOf(name: string): ValueType;
  }>;

/** The primitives of jax-js that can be lowered. */
export const loweredPrimitives: readonly string[] = [...Object.keys(rules), ...Object.keys(programs), "jit"];

/** The share of a lowering that rules take; the rest are passes over the graph. */
const RULES = 0.6;

/**
 * Lowers a traced program to an ONNX graph with one input per argument and one output per result.
 * Constants are read, not consumed.
 *
 * @throws UnsupportedOpError for a primitive without a rule; `node` is the equation.
 */
export const lower = (closed: ClosedJaxpr, options: LowerOptions = {}): LoweredGraph =>
  atOnce(lowering(closed, options));

/** `lower` in steps, for callers that let other events in between them: after each the share that is done. */
export function* lowering(closed: ClosedJaxpr, options: LowerOptions = {}): Generator<number, LoweredGraph> {
  const { program: jaxpr, around } = prepareNamed(closed.jaxpr, options.scopes ?? new Set());
  const graph = new Graph(options.target ?? ortCpu);
  const env: Environment = new Map();
  const constants = closed.consts.length;
  const inputs = bindInputs(graph, jaxpr.inBinders.slice(constants), env, options.inputNames);
  for (const { name } of inputs) if (options.fixed?.has(name)) graph.fix(name, options.rotations?.has(name));
  const outputNames = jaxpr.outs.map((_, i) => graph.unique(options.outputNames?.[i] ?? `output.${i}`));
  const lift = (v: Var): void =>
    void inputs.push(...bindInputs(graph, [v], env, [`constant.${inputs.length}`]));
  const lifted = bindConstants(graph, closed, jaxpr, env, options.lift ? lift : undefined);
  const active = passes.filter((pass) => isActive(graph.target, pass));
  const { itemwise = false, rules: own = {} } = options;
  for (const share of evaluate(graph, jaxpr, env, { itemwise, active, around, own })) yield RULES * share;
  graph.scope = "out";
  const cx = plainContext(graph);
  const values = jaxpr.outs.map((out) => resultName(graph, read(cx, env, out)));
  const outputs = jaxpr.outs.map((out, i) => ({
    name: nth(outputNames, i),
    type: boundaryType(out.aval.dtype),
    shape: out.aval.shape,
  }));
  graph.results = values;
  graph.prune();
  options.onPass?.("rules", graph);
  for (const [i, { name, node: visit, run }] of active.entries()) {
    if (!run && !visit) continue;
    graph.pass = name;
    if (visit) graph.rewrite((node) => visit(graph, node));
    run?.(graph);
    options.onPass?.(name, graph);
    yield RULES + ((1 - RULES) * (i + 1)) / active.length;
  }
  return { name: options.name ?? "function", inputs, outputs, lifted, ...nameOutputs(graph, outputNames) };
}

const isActive = ({ without, semantics }: Target, { name, needs }: Pass): boolean =>
  !without.has(name) && (needs === undefined || semantics[needs]);

/** Converts between uint32 arguments and results and the internal int64. */
const boundaryType = (dtype: DType): ElementType => (dtype === DType.Uint32 ? "uint32" : elementType(dtype));

function bindInputs(
  graph: Graph,
  binders: readonly Var[],
  env: Environment,
  names: readonly string[] = [],
): TensorInfo[] {
  return binders.map((v, i) => {
    const { dtype, shape } = v.aval;
    const type = boundaryType(dtype);
    const name = graph.declare(graph.unique(names[i] ?? `input.${i}`), type, shape);
    const held = elementType(dtype);
    const base = held === type ? name : graph.cast(name, held);
    env.set(v, sizeOf(shape) === 0 ? empty(graph, v) : ofBuffer(base, dtype, shape));
    return { name, type, shape };
  });
}

function resultName(graph: Graph, v: Lazy): string {
  const name = dense(graph, v);
  return v.dtype === DType.Uint32 ? graph.cast(name, "uint32") : name;
}

/**
 * Names the results. A value that is an input, a constant or already a result is copied by an Identity; any other value
 * is renamed at its producer.
 */
function nameOutputs(graph: Graph, names: readonly string[]) {
  const { nodes, results } = graph;
  const newNames = new Map<string, string>();
  const copies: GraphModel["nodes"][number][] = [];
  results.forEach((value, i) => {
    const name = nth(names, i);
    if (graph.producer(value) !== undefined && !newNames.has(value)) newNames.set(value, name);
    else copies.push({ op: "Identity", domain: "", inputs: [value], outputs: [name], attributes: {} });
  });
  const rename = (name: string) => newNames.get(name) ?? name;
  const original = new Map(results.map((value, i) => [nth(names, i), value]));
  const running = nodes.filter(({ outputs: [first] }) => !graph.isFixed(first));
  return {
    flops: countFlops(graph, running),
    bytes: countBytes(graph, nodes),
    peak: countPeak(graph, nodes, results),
    acted: graph.acted,
    nodes: [...nodes, ...copies].map((node) => renamed(node, rename)),
    constants: graph.constants,
    typeOf(name: string): ValueType {
      const value = original.get(name) ?? name;
      return { type: graph.typeOf(value), shape: graph.shapeOf(value) };
    },
  };
}
