import { broadcastShapes } from "../align.js";
import type { Graph } from "../graph.js";
import { sizeOf } from "../jaxpr.js";
import type { Target } from "../target.js";
import type { Pass } from "./pass.js";

const binary = new Set(["Add", "Sub", "Mul", "Div", "Max", "Min", "Less", "LessOrEqual", "Equal"]);

/**
 * Expands operands that are broadcast along inner dimensions, if a node would otherwise process only a few numbers at a
 * time: [3584, 2, 14, 2] − [2, 1, 2] by runs of two took 2 ms, − [2, 14, 2] takes 0.2.
 */
function lengthenRuns(graph: Graph): void {
  graph.rewrite((node) => {
    if (!binary.has(node.op) || node.inputs.length !== 2) return undefined;
    const shapes = node.inputs.map((name) => graph.shapeOf(name));
    const result = broadcastShapes(shapes);
    const inputs = node.inputs.map((name, i) => {
      const shape = widened(shapes[i] as readonly number[], result, graph.target.runs);
      const type = graph.typeOf(name);
      return shape ? graph.node("Expand", [name, graph.ints(shape)], { type, shape }) : name;
    });
    if (inputs.every((name, i) => name === node.inputs[i])) return undefined;
    const type = { type: graph.typeOf(node.outputs[0] as string), shape: result };
    return [graph.node(node.op, inputs, type, { attributes: node.attributes })];
  });
}

export const longRuns: Pass = {
  name: "long-runs",
  why: "elementwise nodes are slow when they broadcast an operand after every few numbers",
  run: lengthenRuns,
};

/**
 * The shape of an operand with enough inner dimensions of the result for long runs; undefined if they are already long,
 * or cannot be.
 */
function widened(
  operand: readonly number[],
  result: readonly number[],
  { shortest, smaller }: Target["runs"],
): readonly number[] | undefined {
  const whole = [...Array<number>(result.length - operand.length).fill(1), ...operand];
  if (sizeOf(operand) === 1 || run(whole, result) >= shortest) return undefined;
  let [at, length] = [result.length, 1];
  while (at > 0 && length < shortest) {
    at--;
    length *= result[at] as number;
    whole[at] = result[at] as number;
  }
  if (length < shortest || sizeOf(whole) * smaller > sizeOf(result)) return undefined;
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
