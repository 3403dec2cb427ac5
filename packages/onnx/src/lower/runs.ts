import { broadcastShapes } from "./align.js";
import type { Graph } from "./graph.js";
import { sizeOf } from "./jaxpr.js";
import type { GraphNode } from "./model.js";

/** Shortest run of an elementwise node: for shorter runs the overhead of each exceeds its work. */
const SHORTEST_RUN = 16;
/** Largest ratio of the result to an expanded operand. */
const SMALLER = 8;

const binary = new Set(["Add", "Sub", "Mul", "Div", "Max", "Min", "Less", "LessOrEqual", "Equal"]);

/**
 * Expands operands that are broadcast along inner dimensions, if a node would otherwise process only a few numbers at a
 * time: [3584, 2, 14, 2] − [2, 1, 2] by runs of two took 2 ms, − [2, 14, 2] takes 0.2.
 */
export function longRuns(graph: Graph, nodes: readonly GraphNode[]): GraphNode[] {
  const expanded = new Map<string, string>();
  return nodes.flatMap((node) => {
    if (!binary.has(node.op) || node.inputs.length !== 2) return [node];
    const shapes = node.inputs.map((name) => graph.shapeOf(name));
    const result = broadcastShapes(shapes);
    const made: GraphNode[] = [];
    const inputs = node.inputs.map((name, i) => {
      const shape = widened(shapes[i] as readonly number[], result);
      if (shape === undefined) return name;
      const key = `${name}:${shape.join()}`;
      const known = expanded.get(key);
      if (known !== undefined) return known;
      const output = graph.declare(graph.unique(`${name}/wide`), graph.typeOf(name), shape);
      expanded.set(key, output);
      made.push({
        op: "Expand",
        domain: "",
        inputs: [name, graph.ints(shape)],
        outputs: [output],
        attributes: {},
      });
      return output;
    });
    return made.length === 0 && inputs.every((name, i) => name === node.inputs[i])
      ? [node]
      : [...made, { ...node, inputs }];
  });
}

/**
 * The shape of an operand with enough inner dimensions of the result for long runs; undefined if they are already long,
 * or cannot be.
 */
function widened(operand: readonly number[], result: readonly number[]): readonly number[] | undefined {
  const whole = [...Array<number>(result.length - operand.length).fill(1), ...operand];
  if (sizeOf(operand) === 1 || run(whole, result) >= SHORTEST_RUN) return undefined;
  let [at, length] = [result.length, 1];
  while (at > 0 && length < SHORTEST_RUN) {
    at--;
    length *= result[at] as number;
    whole[at] = result[at] as number;
  }
  if (length < SHORTEST_RUN || sizeOf(whole) * SMALLER > sizeOf(result)) return undefined;
  return whole.slice(Math.min(at, result.length - operand.length));
}

/** Length of runs for which an operand has all numbers, or one. */
function run(operand: readonly number[], result: readonly number[]): number {
  const held = (i: number) => operand[i] === result[i];
  let length = 1;
  let kind: boolean | undefined;
  for (let i = result.length - 1; i >= 0; i--) {
    if (result[i] === 1) continue;
    kind ??= held(i);
    if (held(i) !== kind) break;
    length *= result[i] as number;
  }
  return length;
}
