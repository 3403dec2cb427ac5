import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import {
  type Flow,
  type FlowifyOptions,
  flowify,
  paperNames,
  ShapeError,
  UnsupportedOpError,
  UsageError,
  zoo,
  zooNames,
} from "@flowify/core";
import { type DataSet, nounOf } from "../data/image-set.js";
import type { Normalization } from "../flags/parsers.js";
import { unknownName } from "../ui/format.js";
import { AUTO, autoNames, autoNetwork, autoSizeOf } from "./auto.js";
import { isNetworkFile, readNetworkFile, readWeights } from "./network-file.js";
import { networkOfPixels, networkOfRows } from "./pixels.js";
import { isPreset, presetNames, presetNetwork } from "./presets.js";
import {
  type ChosenNetwork,
  describedNetwork,
  NETWORK,
  networkOf,
  networkOfDescription,
  ORIGINAL,
} from "./weights.js";

/** `fmlp` of `mnist/fmlp`. */
const shortName = (name: string): string => name.slice(name.indexOf("/") + 1);

const known = [...zooNames, ...paperNames, ...presetNames];

/** The networks that a name stands for: `fmlp` may mean one for every family of data sets. */
function candidates(name: string): ChosenNetwork[] {
  if (isNetworkFile(name)) {
    const description = readNetworkFile(name);
    return [{ name: description.name, description, tensors: readWeights(dirname(name), description) }];
  }
  const found = known.filter((each) => each === name || shortName(each) === name);
  if (found.length > 0) return found.map((each) => ({ name: each }));
  if (/\.(onnx|h5|keras)$/i.test(name))
    throw new UsageError(
      `${name} has to be converted first\nflowify convert ${name} --out DIR shows its layers, and flowify train --from DIR trains it`,
    );
  const accepted = [...known, ...known.map(shortName), ...autoNames];
  throw new UsageError(
    `${unknownName("network", name, [...zooNames, ...presetNames], accepted)}\nfor your own network, name its file: --network ./net.json`,
  );
}

/**
 * The network with this name, for any images.
 *
 * @throws UsageError that suggests one; for a file, the errors of `readNetworkFile`
 */
export const networkNamed = (name: string): ChosenNetwork =>
  autoNames.includes(name) ? { name } : (candidates(name)[0] ?? { name });

const show = (shape: readonly number[]): string => `[${shape.join(", ")}]`;

/** A converted network among the layers of a flow: its range [from, to), and its ONNX file. */
export type ConvertedNetwork = ChosenNetwork &
  Readonly<{ pretrained: Readonly<{ from: number; to: number }>; original?: string }>;

/**
 * The network that flowify convert wrote to a folder, extended for these data: dequantization and the normalization of
 * its training for pixels, nothing for rows; its own layers, and a whitening of their outputs.
 *
 * @throws UsageError if the folder holds none, ShapeError if the images or rows do not fit
 */
export function convertedNetwork(
  folder: string,
  data: DataSet,
  normalization?: Normalization,
): ConvertedNetwork {
  const path = join(folder, NETWORK);
  if (!existsSync(path))
    throw new UsageError(
      `--from ${folder}: holds no converted network (no ${NETWORK})\nmake one with flowify convert FILE --out ${folder}`,
    );
  const described = readNetworkFile(path);
  const own = networkOfDescription(described, readWeights(folder, described));
  if ("rows" in data && normalization !== undefined)
    throw new UsageError("--normalize is for pixels: the network takes rows without changes\nleave it out");
  const { network, pretrained } =
    "rows" in data ? networkOfRows(own, data) : networkOfPixels(own, data.shape, normalization);
  const name = described.name === "network" ? basename(resolve(folder)) : described.name;
  const original = join(folder, ORIGINAL);
  return {
    name,
    ...describedNetwork(network),
    pretrained,
    ...(existsSync(original) && { original }),
  };
}

const inShapeOf = ({ name, description }: ChosenNetwork): readonly number[] =>
  (description ?? zoo(name)).inShape;

/**
 * The network that a name stands for with images or rows of this data set; `auto` and the presets are built for them.
 *
 * @throws ShapeError if no network with that name fits them
 */
export function networkFor(name: string, images: DataSet): ChosenNetwork {
  if (name === AUTO || autoSizeOf(name)) return autoNetwork(images, autoSizeOf(name));
  const named = candidates(name);
  const built = named.find((candidate) => isPreset(candidate.name));
  if (built !== undefined) return presetNetwork(built.name, images);
  const fits = (candidate: ChosenNetwork): boolean => show(inShapeOf(candidate)) === show(images.shape);
  const fitting = named.find(fits);
  if (fitting !== undefined) return fitting;
  throw misfit(named[0] ?? { name }, images, otherNetwork(named[0] ?? { name }, images));
}

/** @throws ShapeError if the network does not fit these images */
export function expectFit(network: ChosenNetwork, images: Sized): void {
  const wanted = inShapeOf(network);
  if (show(wanted) === show(images.shape)) return;
  const [channels, height, width] = wanted;
  const colour = channels === 1 ? "--grey" : "--no-grey";
  const remedy =
    wanted.length === 3
      ? `choose other data, or convert its pictures with --size ${height}x${width} ${colour}`
      : "choose other data";
  throw misfit(network, images, remedy);
}

type Sized = Pick<DataSet, "name" | "shape">;

const misfit = (network: ChosenNetwork, { name, shape }: Sized, remedy: string): ShapeError => {
  const takes = inShapeOf(network);
  return new ShapeError(
    `${network.name} takes ${nounOf({ shape: takes })} ${show(takes)}, the data set ${name} has ${nounOf({ shape })} ${show(shape)}\n${remedy}`,
  );
};

/** Remedy for a network that does not fit the data. */
function otherNetwork(network: ChosenNetwork, { shape }: Sized): string {
  const [channels, ...sides] = inShapeOf(network);
  const sizeRemedy =
    sides.length === 2 && channels === shape[0] ? `, or resize pictures with --size ${sides.join("x")}` : "";
  const remedy = `build a network for them with flowify train --network auto${sizeRemedy}\nflowify inspect auto --data DATA --json shows layers to copy into your own file, --network ./net.json`;
  return remedy;
}

/**
 * The flow of a network.
 *
 * @throws ShapeError that names the layer with the wrong sizes
 */
export function flowOf(network: ChosenNetwork, options: FlowifyOptions): Flow {
  try {
    return flowify(networkOf(network), options);
  } catch (error) {
    // The user wrote the file, so its errors are usage errors.
    if (error instanceof UnsupportedOpError) throw new UsageError(error.message, { cause: error });
    if (!(error instanceof ShapeError)) throw error;
    throw new ShapeError(`${network.name}: ${error.message}`, { cause: error });
  }
}

/** The built-in networks, for a list. */
export const networkNames = zooNames;
