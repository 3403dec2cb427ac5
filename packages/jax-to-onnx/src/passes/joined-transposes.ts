import type { Graph } from "../graph.js";
import { cuts } from "../layout.js";
import { type GraphNode, isView } from "../model.js";
import type { Pass } from "./pass.js";
import { TransposeSteps } from "./transpose-steps.js";

const permOf = (node: GraphNode): readonly number[] => node.attributes.perm as readonly number[];

/**
 * Merges two Transposes, with axes joined or split between them, if that takes less time: for example, the gradient of
 * a kernel needs rows of an image that was transposed from rows.
 */
function join(graph: Graph): void {
  const known = new TransposeSteps(graph.target.transposes);
  const costOf: Cost = (shape, perm) => known.cheapest(shape, perm).cost;
  /** The Transpose before the reshapes of a value, and whether they have no other users. */
  const turnBehind = (value: string): { turn: GraphNode; alone: boolean } | undefined => {
    const node = graph.producer(value);
    const alone = graph.hasOneReader(value);
    if (node?.op === "Transpose") return { turn: node, alone };
    const found = node && isView(node) ? turnBehind(node.inputs[0] as string) : undefined;
    return found && { ...found, alone: alone && found.alone };
  };
  graph.rewrite((node) => {
    const [[source], [result]] = [node.inputs as [string], node.outputs as [string]];
    const behind = node.op === "Transpose" && !graph.isFixed(result) ? turnBehind(source) : undefined;
    const [origin] = (behind?.turn.inputs ?? []) as [string?];
    if (!behind || origin === undefined) return undefined;
    const joined = cheaperAsOne(graph.shapeOf(origin), behind, graph.shapeOf(source), permOf(node), costOf);
    if (!joined) return undefined;
    const undone = joined.perm.every((axis, i) => axis === i);
    const turned = undone ? origin : graph.transpose(graph.reshape(origin, joined.shape), joined.perm);
    return [graph.reshape(turned, graph.shapeOf(result))];
  });
}

export const joinedTransposes: Pass = {
  name: "joined-transposes",
  why: "one pass over memory instead of two",
  run: join,
};

type Cost = (shape: readonly number[], perm: readonly number[]) => number;

/** Two Transposes as one, if that takes less time than the second (plus the first, if it has no other users). */
function cheaperAsOne(
  shape: readonly number[],
  { turn, alone }: { turn: GraphNode; alone: boolean },
  between: readonly number[],
  perm: readonly number[],
  costOf: Cost,
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
