import type { Graph } from "./graph.js";
import { sizeOf } from "./jaxpr.js";
import { cuts } from "./layout.js";
import { nodesFor } from "./links.js";
import type { GraphNode } from "./model.js";
import { isView, NodeList } from "./node-list.js";
import { cheapestSteps, WORTH_A_NODE } from "./transpose-steps.js";

const permOf = (node: GraphNode): readonly number[] => node.attributes.perm as readonly number[];

const costOf = (shape: readonly number[], perm: readonly number[]): number => cheapestSteps(shape, perm).cost;

/**
 * Merges two Transposes, with axes joined or split between them, if that takes less time: for example, the gradient of
 * a kernel needs rows of an image that was transposed from rows.
 */
export function joinTransposes(
  graph: Graph,
  nodes: readonly GraphNode[],
  results: readonly string[],
): GraphNode[] {
  const list = new NodeList(graph);
  const uses = new Map<string, number>();
  const count = (names: readonly string[], more: 1 | -1): void => {
    for (const name of names) uses.set(name, (uses.get(name) ?? 0) + more);
  };
  count(results, 1);
  for (const { inputs } of nodes) count(inputs, 1);

  /** The Transpose before the reshapes of a value, and whether they have no other users. */
  const turnBehind = (value: string): { turn: GraphNode; alone: boolean } | undefined => {
    const node = list.producer(value);
    const alone = uses.get(value) === 1;
    if (node?.op === "Transpose") return { turn: node, alone };
    const found = node && isView(node) ? turnBehind(node.inputs[0] as string) : undefined;
    return found && { ...found, alone: alone && found.alone };
  };

  for (const node of nodes) {
    const [[source], [result]] = [node.inputs as [string], node.outputs as [string]];
    const behind = node.op === "Transpose" && !graph.isFixed(result) ? turnBehind(source) : undefined;
    const [origin] = (behind?.turn.inputs ?? []) as [string?];
    const joined =
      behind && origin !== undefined
        ? cheaperAsOne(graph.shapeOf(origin), behind, graph.shapeOf(source), permOf(node))
        : undefined;
    if (!joined) {
      list.push(node);
      continue;
    }
    const before = list.nodes.length;
    list.scope = result;
    const undone = joined.perm.every((axis, i) => axis === i);
    const turned = undone
      ? (origin as string)
      : list.transpose(list.reshape(origin as string, joined.shape), joined.perm);
    list.reshape(turned, graph.shapeOf(result), result);
    count(node.inputs, -1);
    for (const { inputs } of list.nodes.slice(before)) count(inputs, 1);
  }
  return nodesFor(list.nodes, results).nodes;
}

/** Two Transposes as one, if that takes less time than the second (plus the first, if it has no other users). */
function cheaperAsOne(
  shape: readonly number[],
  { turn, alone }: { turn: GraphNode; alone: boolean },
  between: readonly number[],
  perm: readonly number[],
): { shape: readonly number[]; perm: readonly number[] } | undefined {
  const both = composed(shape, permOf(turn), between, perm);
  const saved = costOf(between, perm) + (alone ? costOf(shape, permOf(turn)) : 0);
  return both && costOf(both.shape, both.perm) < saved ? both : undefined;
}

/** One permutation in place of two with axes joined or split between them; undefined if some axes end inside others. */
function composed(
  shape: readonly number[],
  first: readonly number[],
  between: readonly number[],
  second: readonly number[],
): { shape: readonly number[]; perm: readonly number[] } | undefined {
  const turned = first.map((axis) => shape[axis] as number);
  const ends = [...new Set([...cuts(turned), ...cuts(between)])].sort((a, b) => a - b);
  if (ends.some((end, i) => i > 0 && end % (ends[i - 1] as number) !== 0)) return undefined;
  const sizes = ends.map((end, i) => end / (ends[i - 1] ?? 1)).reverse();
  const [ofFirst, ofSecond] = [partsOf(turned, sizes), partsOf(between, sizes)];
  const byAxis = shape.map((_, axis) => ofFirst[first.indexOf(axis)] ?? []);
  const place = new Map(byAxis.flat().map((part, i) => [part, i]));
  return {
    shape: byAxis.flat().map((part) => sizes[part] as number),
    perm: second.flatMap((axis) => (ofSecond[axis] ?? []).map((part) => place.get(part) as number)),
  };
}

/** The parts of a finer shape in each axis. */
function partsOf(shape: readonly number[], finer: readonly number[]): number[][] {
  let part = 0;
  return shape.map((size) => {
    const parts: number[] = [];
    for (let whole = 1; whole < size; part++) {
      whole *= finer[part] as number;
      parts.push(part);
    }
    return parts;
  });
}

/**
 * Splits Transposes that ONNX Runtime would do number by number into two or three steps, each of which moves blocks or
 * transposes matrices: [64, 7, 7, 2, 2, 56] to [64, 56, 7, 2, 7, 2] took 3.4 ms, and takes 0.7 through [64, 7, 2, 7,
 * 2, 56].
 */
export function quickTransposes(graph: Graph, nodes: readonly GraphNode[]): GraphNode[] {
  const list = new NodeList(graph);
  const held = new Map<string, string>();
  /**
   * ONNX Runtime moves a Transpose after a Reshape that splits axes, where it is slow; a Flatten between them prevents
   * this.
   */
  const holding = (value: string, shape: readonly number[]): string => {
    const large = sizeOf(shape) >= WORTH_A_NODE;
    if (!large || list.producer(value)?.op !== "Transpose" || !splits(graph.shapeOf(value), shape))
      return value;
    const flat = held.get(value) ?? list.flatten(value);
    held.set(value, flat);
    return flat;
  };
  for (const node of nodes) {
    const [[source], [result]] = [node.inputs as [string], node.outputs as [string]];
    list.scope = result;
    const shape = graph.shapeOf(result);
    if (graph.isFixed(result)) list.push(node);
    else if (node.op === "Reshape")
      list.push({ ...node, inputs: [holding(source, shape), ...node.inputs.slice(1)] });
    else if (node.op === "Transpose" && sizeOf(shape) >= WORTH_A_NODE) {
      const { steps } = cheapestSteps(graph.shapeOf(source), permOf(node));
      if (steps.length === 1) list.push(node);
      else {
        const turned = steps.reduce((value, { shape: from, perm }, i) => {
          const to = perm.map((axis) => from[axis] as number);
          const isResult = i === steps.length - 1 && to.join() === shape.join();
          const as = list.reshape(holding(value, from), from);
          return list.transpose(as, perm, isResult ? result : undefined);
        }, source);
        if (turned !== result) list.reshape(holding(turned, shape), shape, result);
      }
    } else list.push(node);
  }
  return list.nodes;
}

/** True if every axis of a shape consists of one or several axes of another. */
function splits(shape: readonly number[], other: readonly number[]): boolean {
  const ends = new Set(cuts(other));
  return cuts(shape).every((end) => ends.has(end));
}
