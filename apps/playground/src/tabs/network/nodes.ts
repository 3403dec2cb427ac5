import { type Flow, UnsupportedOpError } from "@flowify/core";
import {
  type ConversionReport,
  type ConvertedNetwork,
  importRules,
  type OnnxGraph,
  type OnnxNode,
} from "@flowify/onnx/browser";

/** Outcome for a node of a file. */
export type Fate =
  | Readonly<{ kind: "layer"; layer: string; likelihood: Flow["likelihood"]; dropped: number; added: number }>
  /** A function at the very end that is left out. */
  | Readonly<{ kind: "leftOut" }>
  /** It has no effect, or is part of another layer. */
  | Readonly<{ kind: "nothing" }>
  /** There is a rule, but conversion stopped before this node. */
  | Readonly<{ kind: "open" }>
  | Readonly<{ kind: "unsupported"; reason: string }>;

/** A node that depends on the input, for drawing the graph. */
export type DrawnNode = Readonly<{
  op: string;
  name: string;
  /** Indices of the nodes that are its inputs; −1 is the input of the network. */
  from: readonly number[];
  fate: Fate;
}>;

const INPUT = -1;

/** The nodes that depend on the data, in order, each with the indices of its inputs. */
function reached({ nodes }: OnnxGraph, input: string): { node: OnnxNode; from: number[] }[] {
  const places = new Map([[input, INPUT]]);
  const found: { node: OnnxNode; from: number[] }[] = [];
  for (const node of nodes) {
    const from = new Set(node.inputs.flatMap((name) => places.get(name) ?? []));
    // the sizes of data are constants
    if (from.size === 0 || node.op === "Shape") continue;
    for (const name of node.outputs) places.set(name, found.length);
    found.push({ node, from: [...from] });
  }
  return found;
}

/** The nodes of a converted file, with their layers. */
export function convertedNodes(
  graph: OnnxGraph,
  converted: ConvertedNetwork,
  report: Pick<ConversionReport, "layers">,
): DrawnNode[] {
  const layers = new Map<OnnxNode, Fate>();
  report.layers.forEach(({ to, likelihood, droppedDims: dropped, addedDims: added }, i) => {
    const nodes = (converted.origins[i] ?? []).filter((node) => !converted.leftOut.includes(node));
    const fate = { kind: "layer", layer: to, likelihood } as const;
    // the numbers of a layer appear once, at the last of its nodes
    for (const node of nodes)
      layers.set(
        node,
        node === nodes.at(-1) ? { ...fate, dropped, added } : { ...fate, dropped: 0, added: 0 },
      );
  });
  return reached(graph, converted.input.name).map(({ node, from }) => ({
    op: node.op,
    name: node.name,
    from,
    fate: converted.leftOut.includes(node) ? { kind: "leftOut" } : (layers.get(node) ?? { kind: "nothing" }),
  }));
}

/** The nodes of a file that could not be converted: nodes without a rule, and other obstacles. */
export function refusedNodes(graph: OnnxGraph, input: string, error: Error): DrawnNode[] {
  const fateOf = (node: OnnxNode): Fate => {
    if (error instanceof UnsupportedOpError && error.node === node.name)
      return { kind: "unsupported", reason: error.message };
    const rule = node.domain === "" ? node.op : `${node.domain}:${node.op}`;
    return Object.hasOwn(importRules, rule)
      ? { kind: "open" }
      : { kind: "unsupported", reason: `There is no rule for ${rule}.` };
  };
  return reached(graph, input).map(({ node, from }) => ({
    op: node.op,
    name: node.name,
    from,
    fate: fateOf(node),
  }));
}
