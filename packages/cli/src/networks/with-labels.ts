import { flowify, UsageError, zoo } from "@flowify/core";
import { flowShape } from "@flowify/core/internal";
import { sizeOf } from "@flowify/core/layer";
import type { DataSet } from "../data/image-set.js";
import type { NetworkDescription } from "./network.js";
import { type ChosenNetwork, networkOfDescription } from "./weights.js";

/**
 * The network, conditional on the labels of its images; at its end is a mixture in which each class has its own normals.
 * Errors: `UsageError` for data without labels, or of one class.
 */
export function withLabels(network: ChosenNetwork, data: DataSet): ChosenNetwork {
  const { labels = new Uint8Array() } = "rows" in data ? {} : data;
  const classes = labels.reduce((most, label) => Math.max(most, label + 1), 0);
  if (classes < 2)
    throw new UsageError(
      `--condition label: ${data.name} has ${classes === 0 ? "no labels" : "labels of one class alone"}, expected two classes at least\nleave it out, or name data with labels`,
    );
  const description = (network.description ?? zoo(network.name)) as NetworkDescription;
  const conditional = { ...description, condition: { classes } };
  return {
    ...network,
    description: { ...conditional, layers: endInNormals(conditional, NORMALS * classes) },
  };
}

/** Normals of each class, or of each output of a network, at the end of a flow. */
export const NORMALS = 4;

/** Most numbers that so many normals with whole covariances are fitted to. */
const MOST = 256;

/**
 * The layers of a conditional network, with a mixture of at least so many normals at its end where that is a vector. Layers that
 * drop numbers of a vector would have to find the condition among the others: from the first vector that is short enough on,
 * the mixture takes their place.
 */
export function endInNormals(network: NetworkDescription, components: number): NetworkDescription["layers"] {
  const { layers } = network;
  const last = layers.at(-1);
  if (last?.kind === "gaussianMixture")
    return [...layers.slice(0, -1), { ...last, components: Math.max(last.components ?? 0, components) }];
  // rows that end in densities of whole columns leave nothing for a mixture
  if (sizeOf(flowShape(networkOfDescription(network).layers, network.inShape)) === 0) return layers;
  // one more layer that takes the condition: there may be no other
  const more = [...layers, { kind: "conditionalAffine" as const }];
  const { chain } = flowify(networkOfDescription({ ...network, layers: more }));
  const sizes = chain.layers.map(({ outShape: [size = 0, ...rest] }) => (rest.length === 0 ? size : 0));
  const { [sizes.length - 1]: end = 0 } = sizes;
  if (end < 2) return layers;
  const from = sizes.findIndex((size) => size > 0 && size <= MOST);
  const drops = sizes.length === more.length && from >= 0 && sizes[from] !== end;
  return [...(drops ? layers.slice(0, from + 1) : layers), { kind: "gaussianMixture", components }];
}
