import { UnsupportedOpError } from "@flowify/core";
import type { OrdinaryLayer } from "@flowify/core/internal";
import type { Shape } from "@flowify/core/layer";
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
    const joined = join ? branched(node, join, inputs, before, budget) : [];
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
): Step[] {
  const branches = inputs.map((input, i) => {
    const steps = stepsTo(input, before, budget);
    const more = (front?.[i] ?? []).map((layer) => ({ layer, nodes: [node] }));
    return simplified([...steps, ...more], before.example);
  });
  const nodes = [...new Set(branches.flatMap((steps) => steps.flatMap((step) => step.nodes))), node];
  const layers = branches.map((steps) => steps.flatMap(({ layer }) => (layer ? [layer] : [])));
  const join = { join: how, ...(axis !== undefined && { axis }) };
  const parts = how === "matmul" ? undefined : partsOf(layers, before.example);
  if (parts) {
    const { front: moved, rest, sizes } = parts;
    const layer: OrdinaryLayer = { kind: "branches", branches: rest, ...join, parts: sizes };
    return [...moved, layer].map((each) => ({ layer: each, nodes }));
  }
  // the shortest one carries the value, which is the identity of a residual
  const lengths = layers.map((own) => own.length);
  const carry = lengths.indexOf(Math.min(...lengths));
  return [
    { layer: { kind: "branches", branches: layers, ...join, ...(how !== "matmul" && { carry }) }, nodes },
  ];
}

type Layers = readonly OrdinaryLayer[];

/** Branches that begin with other entries of one axis each, all together all of them: the layers in front, and the rest. */
function partsOf(branches: readonly Layers[], shape: Shape) {
  const starts = branches.map(([first, second]) => {
    const turn = first?.kind === "transpose" && second?.kind === "take" ? first : undefined;
    const taken = turn ? second : first;
    return taken?.kind === "take" ? { turn, indices: taken.indices } : undefined;
  });
  const [first] = starts;
  const order = starts.flatMap((start) => start?.indices ?? []);
  const isSame = starts.every((start) => start && start.turn?.order.join() === first?.turn?.order.join());
  const axis = first?.turn?.order[0] ?? 0;
  const isAll = order.length === shape[axis] && new Set(order).size === order.length;
  if (!first || !isSame || !isAll) return undefined;
  const take: OrdinaryLayer = { kind: "take", indices: order };
  return {
    front: [...(first.turn ? [first.turn] : []), ...(order.every((from, to) => from === to) ? [] : [take])],
    rest: branches.map((layers) => layers.slice(first.turn ? 2 : 1)),
    sizes: starts.map((start) => start!.indices.length),
  };
}
