import type { Flow, FlowLayer } from "@flowify/core";

/** A row of the report: what a layer of the flow came from, and what it does to the numbers of an item. */
export type ConvertedLayer = Readonly<{
  from: string;
  to: string;
  /** False where its part of the likelihood is a bound. */
  exact: boolean;
  droppedDims: number;
  addedDims: number;
}>;

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

type Facts = Readonly<{ dropped: number; added: number; floored: number }>;

/** Numbers of an item that a layer drops and adds, and singular values that it lifted: those of its parts. */
export function factsOf(layer: FlowLayer): Facts {
  const parts = (layer as { layers?: readonly FlowLayer[] }).layers;
  if (!parts) {
    const [n, m] = [size(layer.inShape), size(layer.outShape)];
    const dropped = layer.droppedDims ?? Math.max(n - m, 0);
    return { dropped, added: m - n + dropped, floored: layer.flooredValues ?? 0 };
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

/** One row a layer of the flow. */
export const convertedLayers = ({ chain, ledgerLines }: Flow, origins: readonly string[]): ConvertedLayer[] =>
  chain.layers.map((layer, i) => {
    const { dropped, added } = factsOf(layer);
    return {
      from: origins[i] ?? "",
      to: ledgerLines[i]!.layer,
      exact: layer.exact,
      droppedDims: dropped,
      addedDims: added,
    };
  });
