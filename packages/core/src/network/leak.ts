import type { OrdinaryLayer, OrdinaryNetwork } from "./ordinary.js";

const leaking = (layers: readonly OrdinaryLayer[], slope: number): OrdinaryLayer[] =>
  layers.map((layer) => {
    if (layer.kind === "relu") return { kind: "leakyRelu", slope };
    if (layer.kind !== "branches") return layer;
    return { ...layer, branches: layer.branches.map((branch) => leaking(branch, slope)) };
  });

/** True where a layer, or one inside of a branch, is a ReLU. */
export const hasRelu = (layers: readonly OrdinaryLayer[]): boolean =>
  layers.some(
    (layer) => layer.kind === "relu" || (layer.kind === "branches" && layer.branches.some(hasRelu)),
  );

/** The network with a slope in place of every ReLU's zero: x for x > 0, slope · x below. */
export const withLeak = (network: OrdinaryNetwork, slope: number): OrdinaryNetwork => ({
  ...network,
  layers: leaking(network.layers, slope),
});
