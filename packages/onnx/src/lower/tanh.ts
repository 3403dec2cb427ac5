import type { Graph } from "./graph.js";
import { type Links, linksOf } from "./links.js";
import type { GraphNode } from "./model.js";

/**
 * jax-js writes tanh x as (e − 1) / (e + 1) · s, where e = exp(2 x s) and s is the sign of x: ten passes over memory.
 * If nothing else reads the intermediate values, as in programs without gradients, it becomes a Tanh: one pass, which
 * also keeps the digits of small x.
 */
export function fuseTanh(
  graph: Graph,
  nodes: readonly GraphNode[],
  outputs: ReadonlySet<string>,
): GraphNode[] {
  const links = linksOf(nodes);
  const fused = new Map<GraphNode, string>();
  const gone = new Set<GraphNode>();
  for (const node of nodes) {
    const found = node.op === "Mul" ? readTanh(graph, links, node) : undefined;
    const within = new Set([node, ...(found?.between ?? [])]);
    const alone = found?.between.every(({ outputs: made }) =>
      made.every((name) => !outputs.has(name) && links.readers(name).every((reader) => within.has(reader))),
    );
    if (!found || !alone) continue;
    fused.set(node, found.x);
    for (const inner of found.between) gone.add(inner);
  }
  return nodes.flatMap((node) => {
    const x = fused.get(node);
    if (x === undefined) return gone.has(node) ? [] : [node];
    return [{ ...node, op: "Tanh", inputs: [x] }];
  });
}

/** x, and the nodes between it and the product that is tanh x. */
function readTanh(
  graph: Graph,
  { producer }: Links,
  product: GraphNode,
): { x: string; between: GraphNode[] } | undefined {
  const made = (name: string | undefined, op: string): GraphNode | undefined => {
    const node = producer(name);
    return node?.op === op ? node : undefined;
  };
  const isNumber = (name: string | undefined, value: number): boolean => {
    const constant = name === undefined ? undefined : graph.constantOf(name);
    return constant?.data.length === 1 && Number(constant.data[0]) === value;
  };
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
