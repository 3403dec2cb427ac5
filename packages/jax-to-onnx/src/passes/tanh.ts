import type { Graph } from "../graph.js";
import type { GraphNode } from "../model.js";
import type { Pass } from "./pass.js";

/**
 * jax-js writes tanh x as (e − 1) / (e + 1) · s, where e = exp(2 x s) and s is the sign of x. If nothing else reads the
 * intermediate values, as in programs without gradients, it becomes a Tanh, which also keeps the digits of small x.
 */
export const tanh: Pass = {
  name: "tanh",
  why: "one pass over memory instead of ten, and the digits of small numbers",
  needs: "ownFunctions",
  node(graph, node) {
    const found = node.op === "Mul" ? readTanh(graph, node) : undefined;
    if (!found) return undefined;
    const within = new Set([node, ...found.between]);
    const alone = found.between.every(({ outputs }) =>
      outputs.every((name) => !graph.isResult(name) && [...graph.readers(name)].every((r) => within.has(r))),
    );
    return alone ? graph.like("Tanh", [found.x]) : undefined;
  },
};

/** x, and the nodes between it and the product that is tanh x. */
function readTanh(graph: Graph, product: GraphNode): { x: string; between: GraphNode[] } | undefined {
  const made = (name: string | undefined, op: string): GraphNode | undefined => {
    const node = name === undefined ? undefined : graph.producer(name);
    return node?.op === op ? node : undefined;
  };
  const isNumber = (name: string | undefined, value: number): boolean =>
    name !== undefined && graph.numberOf(name) === value;
  /** The operand of a node whose other operand is a number. */
  const besides = (node: GraphNode | undefined, value: number): string | undefined => {
    const [a, b] = node?.inputs ?? [];
    return isNumber(b, value) ? a : isNumber(a, value) ? b : undefined;
  };
  const [quotient, sign] = product.inputs;
  const [div, where] = [made(quotient, "Div"), made(sign, "Where")];
  const [minus, plus] = [made(div?.inputs[0], "Add"), made(div?.inputs[1], "Add")];
  const [e, also] = [besides(minus, -1), besides(plus, 1)];
  const exp = e === also ? made(e, "Exp") : undefined;
  const twice = made(exp?.inputs[0], "Mul");
  const size = made(besides(twice, 2), "Mul");
  const less = made(where?.inputs[0], "Less");
  const [x] = less?.inputs ?? [];
  if (!div || !where || !minus || !plus || !exp || !twice || !size || !less || x === undefined)
    return undefined;
  const isSign = isNumber(less.inputs[1], 0) && isNumber(where.inputs[1], 1) && isNumber(where.inputs[2], -1);
  const ofX = size.inputs.includes(x) && size.inputs.includes(sign as string);
  return isSign && ofX ? { x, between: [div, where, minus, plus, exp, twice, size, less] } : undefined;
}
