import { UsageError, zoo } from "@flowify/core";
import { flowShape, imageEnd } from "@flowify/core/internal";
import { type Shape, sizeOf } from "@flowify/core/layer";
import type { DataSet } from "../data/image-set.js";
import type { NetworkDescription } from "./network.js";
import { type ChosenNetwork, networkOfDescription } from "./weights.js";

/**
 * The network, conditional on the labels of its images; at its end is a mixture in which each class has its own normals, in place of
 * the layers that would drop more and more numbers.
 * Errors: `UsageError` for data without labels, or of one class.
 */
export function withLabels(network: ChosenNetwork, data: DataSet): ChosenNetwork {
  const { labels = new Uint8Array(), classes: names = [] } = "rows" in data ? {} : data;
  const classes = labels.reduce((most, label) => Math.max(most, label + 1), names.length);
  if (classes < 2)
    throw new UsageError(
      `--condition label: ${data.name} has ${classes === 0 ? "no labels" : "labels of one class alone"}, expected two classes at least\nleave it out, or name data with labels: pictures in a subfolder for each class have some`,
    );
  const description = (network.description ?? zoo(network.name)) as NetworkDescription;
  const components = normalsFor(labels.length / classes) * classes;
  return { ...network, description: endInClasses({ ...description, condition: { classes } }, components) };
}

/** Numbers down to which a network of images drops them layer by layer, and most that couplings of all of them are affordable for. */
const WHOLE = { least: 512, most: 1024 } as const;

/** Pairs of couplings of all numbers at the end, those that the mixture sees, and the sizes of the network that models the others. */
const END = { couplings: 3, kept: 128, hidden: [256] } as const;

/**
 * A network with classes. Layers that drop numbers draw each of them independently given the others: a sample of a
 * few numbers that are a seven need not look like one. So couplings of all numbers take their place, and a mixture of those that vary
 * most, from the layer on behind which there would be fewer than 512. The mixture alone sees the class: what hundreds of numbers
 * that count as independent say of it would outweigh what it says.
 */
function endInClasses(network: NetworkDescription, components: number): NetworkDescription {
  const { layers, condition } = network;
  const sizes = shapesBehind(network).map(sizeOf);
  const from = sizes.findIndex(
    (size, i) => size < WHOLE.least && size < (sizes[i - 1] ?? sizeOf(network.inShape)),
  );
  const end = sizes[from - 1] ?? 0;
  const isWhole = end >= WHOLE.least && end <= WHOLE.most;
  if (layers.at(-1)?.kind === "gaussianMixture" || !isWhole)
    return { ...network, layers: endInNormals(network, components) };
  const [flatten, ...last] = imageEnd(end, END.couplings, END.hidden, END.kept);
  const mixture = normalsAtEnd(components);
  return {
    ...network,
    ...(condition && { condition: { ...condition, seenBy: [mixture.kind] } }),
    layers: [
      ...layers.slice(0, from),
      flatten,
      ...last.slice(0, -1),
      mixture,
    ] as NetworkDescription["layers"],
  };
}

/** The shape of an example behind each layer of a network. */
const shapesBehind = (network: NetworkDescription): Shape[] =>
  network.layers.map((_, i) => {
    const { layers } = networkOfDescription({ ...network, layers: network.layers.slice(0, i + 1) });
    return flowShape(layers, network.inShape);
  });

/** A mixture of whole vectors: the density of a number that it kept would know nothing of the class. */
const normalsAtEnd = (components: number) => ({ kind: "gaussianMixture", components, kept: 0 }) as const;

/** Normals of each output of a network, at the end of a flow, and of each class of few images. */
export const NORMALS = 4;

/** Normals of each class where it has so many images in the mean (docs/conditions.md). */
const OF_MANY = { images: 1000, normals: 8 } as const;
const normalsFor = (images: number): number => (images < OF_MANY.images ? NORMALS : OF_MANY.normals);

/** Most numbers that so many normals with whole covariances are fitted to. */
const MOST = 256;

/**
 * The layers of a conditional network, with a mixture of at least so many normals at its end where that is a vector of at most 1,024
 * numbers. Layers that
 * drop numbers of a vector would have to find the condition among the others: from the first vector that is short enough on,
 * the mixture takes their place.
 */
export function endInNormals(network: NetworkDescription, components: number): NetworkDescription["layers"] {
  const { layers } = network;
  const last = layers.at(-1);
  if (last?.kind === "gaussianMixture")
    return [...layers.slice(0, -1), normalsAtEnd(Math.max(last.components ?? 0, components))];
  const sizes = shapesBehind(network).map(([size = 0, ...rest]) => (rest.length === 0 ? size : 0));
  const end = sizes.at(-1) ?? sizeOf(network.inShape);
  // rows that end in densities of whole columns leave nothing for a mixture
  if (end < 2) return layers;
  const from = sizes.findIndex((size) => size > 0 && size <= MOST);
  const drops = from >= 0 && sizes[from] !== end;
  if (!drops && end > WHOLE.most) return layers;
  return [...(drops ? layers.slice(0, from + 1) : layers), normalsAtEnd(components)];
}
