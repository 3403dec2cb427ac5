import { type Network, ShapeError } from "@flowify/core";
import { couplingNetwork, denseNetwork, splineNetwork } from "@flowify/core/internal";
import { type DataSet, nounOf } from "../data/image-set.js";
import type { TableSchema } from "../data/table/schema.js";
import type { NetworkDescription } from "./network.js";
import { tableBodies, tableNetwork } from "./table-networks.js";
import type { ChosenNetwork } from "./weights.js";

type Preset = Readonly<{
  brief: string;
  network(columns: number, options: PresetInput): Network;
}>;

/** What a network depends on beside the number of columns. */
type PresetInput = { levels?: number; schema?: TableSchema };

const tablePresets: { readonly [name: string]: Preset } = Object.fromEntries(
  Object.entries(tableBodies).map(([name, { brief }]) => [
    `table/${name}`,
    {
      brief,
      network: (columns, { schema }) => tableNetwork(name, columns, schema),
    } satisfies Preset,
  ]),
);

const given = (levels: number | undefined) => (levels === undefined ? {} : { levels });

const presets: { readonly [name: string]: Preset } = {
  "vector/coupling": {
    brief: "spline couplings behind a whitening",
    network: (columns, { levels }) => couplingNetwork(columns, given(levels)),
  },
  "vector/spline": {
    brief: "the same behind a spline for each column: several peaks, heavy tails, hard edges",
    network: (columns, { levels }) => splineNetwork(columns, given(levels)),
  },
  "vector/dense": {
    brief: "three dense layers with splines, which keep half of the columns and model the others",
    network: (columns, { levels }) =>
      denseNetwork(columns, [columns, Math.ceil(0.75 * columns), Math.ceil(columns / 2)], given(levels)),
  },
  ...tablePresets,
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
      `${name} takes rows of numbers, the data set ${set.name} has ${nounOf(set)} [${set.shape.join(", ")}]\nbuild a network for them with flowify train --network auto`,
    );
  const { levels, schema, shape } = set;
  const { network } = presets[name] as Preset;
  const input = { ...given(levels), ...(schema && { schema }) };
  return { name, description: descriptionOf(network(shape[0], input)) };
}
