import { UnsupportedOpError } from "@flowify/core";
import type { Data, Join } from "./data.js";
import { nodeLabel, type OnnxNode } from "./graph.js";
import { type Step, simplified } from "./simplify.js";

/** Most layers after expanding branches. */
const MOST_LAYERS = 20_000;

/** The layers between two values; joined branches are nested lists of layers. */
export function stepsTo(value: Data, from: Data, budget = { left: MOST_LAYERS }): Step[] {
  const steps: Step[] = [];
  for (let at = value; at !== from; at = at.made!.before) {
    const { node, inputs, before, imported } = at.made!;
    budget.left -= 1 + imported.layers.length;
    if (budget.left < 0)
      throw new UnsupportedOpError(
        node.op,
        node.name,
        `${nodeLabel(node)}: the branches of the graph cross so often that they need more than ${MOST_LAYERS} layers`,
      );
    const { layers, join } = imported;
    const own: Step[] = layers.map((layer) => ({ layer, nodes: [node] }));
    const joined = join ? [branched(node, join, inputs, before, budget)] : [];
    steps.unshift(...joined, ...(own.length + joined.length > 0 ? own : [{ nodes: [node] }]));
  }
  return steps;
}

/** Branches that start at one value and join at a node. */
function branched(
  node: OnnxNode,
  { how, axis, front }: Join,
  inputs: readonly Data[],
  before: Data,
  budget: { left: number },
): Step {
  const branches = inputs.map((input, i) => {
    const steps = stepsTo(input, before, budget);
    const more = (front?.[i] ?? []).map((layer) => ({ layer, nodes: [node] }));
    return simplified([...steps, ...more], before.example);
  });
  return {
    layer: {
      kind: "branches",
      branches: branches.map((steps) => steps.flatMap(({ layer }) => (layer ? [layer] : []))),
      join: how,
      ...(axis !== undefined && { axis }),
    },
    nodes: [...new Set(branches.flatMap((steps) => steps.flatMap(({ nodes }) => nodes))), node],
  };
}
