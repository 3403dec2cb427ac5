import type { GraphModel, GraphNode, LoweredGraph, TensorInfo } from "jax-to-onnx/internal";
import { nodesFor } from "./links.js";
import type { Splines } from "./splines.js";

/** A graph for ONNX Runtime, and the splines that kernels compute after it. */
type Stage = Readonly<{ graph: GraphModel; splines: readonly Splines[] }>;

/** A graph split at its kernels, and the values passed between the parts. */
export type Stages = Readonly<{ stages: readonly Stage[]; between: readonly TensorInfo[] }>;

/**
 * Splits a graph at its splines: a node belongs to the first stage in which all its inputs are available, and splines
 * to the end of the stage that computes their x.
 */
export function splitAt(
  graph: LoweredGraph,
  splines: readonly Splines[],
  isFixed: (name: string) => boolean,
): Stages {
  const stageOf = new Map<string, number>();
  const stageOfNode = new Map<GraphNode, number>();
  const splinesOf = new Map(splines.flatMap((c) => [...c.nodes].map((node) => [node, c] as const)));
  for (const node of graph.nodes) {
    if (node.outputs.every(isFixed)) continue;
    const own = splinesOf.get(node);
    const stage = Math.max(0, ...(own ? [own.x] : node.inputs).map((name) => stageOf.get(name) ?? 0));
    if (!own) stageOfNode.set(node, stage);
    for (const name of node.outputs) stageOf.set(name, own ? stage + 1 : stage);
  }
  const last = Math.max(0, ...stageOfNode.values());
  const madeBySession = new Map(
    [...stageOfNode].flatMap(([{ outputs }, stage]) => outputs.map((name) => [name, stage] as const)),
  );
  const known = new Map([...graph.inputs, ...graph.outputs].map((info) => [info.name, info]));
  const infoOf = (name: string): TensorInfo => known.get(name) ?? { name, ...graph.typeOf(name) };

  /** The outputs of a stage and the nodes for them, including fixed ones. */
  const cut = (stage: number, wanted: readonly string[]): GraphModel => {
    const mine = graph.nodes.filter((node) => stageOfNode.get(node) === stage || node.outputs.every(isFixed));
    const { nodes, needed } = nodesFor(mine, wanted);
    const made = new Set(nodes.flatMap(({ outputs }) => outputs));
    return {
      name: `${graph.name}.${stage}`,
      inputs: [...needed].filter((name) => name !== "" && !made.has(name) && !isFixed(name)).map(infoOf),
      outputs: wanted.map(infoOf),
      nodes,
      constants: graph.constants.filter(({ name }) => needed.has(name)),
    };
  };

  const stages: Stage[] = [];
  const wanted = new Set([...graph.outputs.map(({ name }) => name), ...splines.map(({ x }) => x)]);
  for (let stage = last; stage >= 0; stage--) {
    const made = [...wanted].filter(
      (name) => (madeBySession.get(name) ?? (isFixed(name) ? last : -1)) === stage,
    );
    const part = cut(stage, made);
    for (const { name } of part.inputs) wanted.add(name);
    stages.unshift({ graph: part, splines: splines.filter(({ x }) => (stageOf.get(x) ?? 0) === stage) });
  }
  const between = new Set([...wanted, ...splines.flatMap(({ results }) => results)]);
  return { stages, between: [...between].filter((name) => !known.has(name)).map(infoOf) };
}
