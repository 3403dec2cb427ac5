import { type Network, ShapeError } from "@flowify/core";
import { couplingNetwork, denseNetwork, splineNetwork } from "@flowify/core/internal";
import { type DataSet, nounOf } from "../data/image-set.js";
import type { NetworkDescription } from "../format/network.js";
import type { ChosenNetwork } from "../format/weights.js";

type Preset = Readonly<{
  brief: string;
  network(columns: number, options: { levels?: number }): Network;
}>;

const presets: { readonly [name: string]: Preset } = {
  "vector/coupling": {
    brief: "spline couplings behind a whitening",
    network: couplingNetwork,
  },
  "vector/spline": {
    brief: "the same behind a spline for each column: several peaks, heavy tails, hard edges",
    network: splineNetwork,
  },
  "vector/dense": {
    brief: "three dense layers with splines, which keep half of the columns and model the others",
    network: (columns, options) =>
      denseNetwork(columns, [columns, Math.ceil(0.75 * columns), Math.ceil(columns / 2)], options),
  },
};

/** Names of the networks that are built for rows of any number of columns. */
export const presetNames: readonly string[] = Object.keys(presets);
export const isPreset = (name: string): boolean => Object.hasOwn(presets, name);

/** Name and purpose of each, for a list. */
export const presetBriefs: readonly (readonly [string, string])[] = Object.entries(presets).map(
  ([name, { brief }]) => [name, brief],
);

/** A network without weights as a description. */
export const descriptionOf = ({ inShape, layers }: Network): NetworkDescription => ({
  inShape: [...inShape],
  layers: [...layers] as NetworkDescription["layers"],
});

/**
 * The preset of this name for these rows.
 *
 * @throws ShapeError where they are images
 */
export function presetNetwork(name: string, set: DataSet): ChosenNetwork {
  if (!("rows" in set))
    throw new ShapeError(
      `${name} takes rows of numbers, the data set ${set.name} has ${nounOf(set)} [${set.shape.join(", ")}]\nbuild a network for them by --network auto`,
    );
  const { levels } = set;
  const { network } = presets[name] as Preset;
  return { name, description: descriptionOf(network(set.shape[0], levels === undefined ? {} : { levels })) };
}
