import type { Flow, UnsupportedOpError } from "@flowify/core";
import { type FlowLayer, makeRng, type Shape, sizeOf } from "@flowify/core/layer";
import type { ConvertedNetwork } from "./convert.js";
import type { OnnxNode } from "./graph.js";

/** A row of the report: the origin of a layer of the flow, and its effect on the numbers of an example. */
type ConvertedLayer = Readonly<{
  from: string;
  to: string;
  /** False if its contribution to the likelihood is a bound, or loses mass. */
  exact: boolean;
  /** `exact`, `bound`, or `loses mass` if its outputs cover only a part of the space of the next density. */
  likelihood: Flow["likelihood"];
  droppedDims: number;
  addedDims: number;
  /** Singular values that were raised because the weights lack full rank. */
  flooredValues: number;
}>;

type Facts = Readonly<{ dropped: number; added: number; floored: number }>;

/** Numbers of an example that a layer drops and adds, and raised singular values, summed over its sublayers. */
function factsOf(layer: FlowLayer): Facts {
  const parts = (layer as { layers?: readonly FlowLayer[] }).layers;
  if (!parts) {
    const [n, m] = [sizeOf(layer.inShape), sizeOf(layer.outShape)];
    const dropped = layer.facts.droppedDims ?? Math.max(n - m, 0);
    return { dropped, added: m - n + dropped, floored: layer.facts.flooredValues ?? 0 };
  }
  return parts.map(factsOf).reduce(
    (sum, each) => ({
      dropped: sum.dropped + each.dropped,
      added: sum.added + each.added,
      floored: sum.floored + each.floored,
    }),
    { dropped: 0, added: 0, floored: 0 },
  );
}

/** The report of a conversion, as JSON. */
export type ConversionReport = Readonly<{
  file: string;
  layers: readonly ConvertedLayer[];
  /**
   * Largest difference between the network and the flow in deterministic mode, relative to the largest entry of the
   * network's output.
   */
  maxRelDiff: number | null;
  /** Number of inputs of the comparison. */
  inputs: number;
  inputShape: readonly number[];
  outputShape: readonly number[];
  unsupported: Readonly<{ op: string; node: string }> | null;
}>;

/**
 * The report of a network and its flow.
 *
 * @param origins origin of each layer, as named in the file
 */
export const conversionReport = (
  file: string,
  { chain, ledgerLines, inShape }: Flow,
  { origins, outShape }: Readonly<{ origins: readonly string[]; outShape: Shape }>,
  seen: Pick<ConversionReport, "maxRelDiff" | "inputs">,
): ConversionReport => ({
  file,
  layers: chain.layers.map((layer, i) => {
    const { dropped, added, floored } = factsOf(layer);
    return {
      from: origins[i] ?? "",
      to: ledgerLines[i]!.layer,
      exact: ledgerLines[i]!.exact,
      likelihood: ledgerLines[i]!.likelihood,
      droppedDims: dropped,
      addedDims: added,
      flooredValues: floored,
    };
  }),
  ...seen,
  inputShape: inShape,
  outputShape: outShape,
  unsupported: null,
});

/** The report of a file with an operator that has no rule. */
export const refusal = (file: string, { op, node }: UnsupportedOpError): ConversionReport => ({
  file,
  layers: [],
  maxRelDiff: null,
  inputs: 0,
  inputShape: [],
  outputShape: [],
  unsupported: { op, node },
});

const nodeText = ({ op, name }: OnnxNode): string => (name === "" ? op : `${op} ${name}`);

/** The nodes that became each layer of a converted network, and those left out at the end, in words. */
export const nodesInWords = ({
  origins,
  leftOut,
}: ConvertedNetwork): { origins: string[]; leftOut: string[] } => ({
  origins: origins.map((nodes) =>
    nodes
      .filter((node) => !leftOut.includes(node))
      .map(nodeText)
      .join(" + "),
  ),
  leftOut: leftOut.map(nodeText),
});

/** Number of inputs for comparing a network with its flow. */
const INPUTS = 64;

/** Random examples in the input range of a network, one after another. */
export function comparisonInputs(
  inShape: Shape,
  [low, high]: readonly [number, number] = [0, 1],
  seed = 0,
): Float32Array<ArrayBuffer> {
  const rng = makeRng(seed);
  return Float32Array.from({ length: INPUTS * sizeOf(inShape) }, () => low + (high - low) * rng.uniform());
}
