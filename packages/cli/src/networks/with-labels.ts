import { flowify, UsageError, zoo } from "@flowify/core";
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
  return { ...network, description: { ...conditional, layers: byClass(conditional, NORMALS * classes) } };
}

/** Normals of each class at the end of a network. */
export const NORMALS = 2;

/** Layers whose mixture of normals at the end, if there is one, has so many of them at least. */
export function withNormals(
  layers: NetworkDescription["layers"],
  components: number,
): NetworkDescription["layers"] {
  const last = layers.at(-1);
  if (last?.kind !== "gaussianMixture") return layers;
  return [...layers.slice(0, -1), { ...last, components: Math.max(last.components ?? 0, components) }];
}

/** The layers of a network, with a mixture of so many normals at the end where that is a vector. */
function byClass(network: NetworkDescription, components: number): NetworkDescription["layers"] {
  const { layers } = network;
  if (layers.at(-1)?.kind === "gaussianMixture") return withNormals(layers, components);
  // one more layer that takes the condition: there may be no other
  const more = { ...network, layers: [...layers, { kind: "conditionalAffine" as const }] };
  const { outShape } = flowify(networkOfDescription(more)).chain;
  return outShape.length === 1 && outShape[0]! > 1
    ? [...layers, { kind: "gaussianMixture", components }]
    : layers;
}
