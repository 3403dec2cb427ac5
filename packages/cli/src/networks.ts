import {
  type Flow,
  type FlowifyOptions,
  flowify,
  ShapeError,
  UsageError,
  zoo,
  zooNames,
} from "@flowify/core";
import type { ImageSet } from "./data/image-set.js";
import { unknownName } from "./ui/suggest.js";

/** `fmlp` of `mnist/fmlp`. */
const shortName = (name: string): string => name.slice(name.indexOf("/") + 1);

/** The networks that a name stands for: `fmlp` may mean one for every family of data sets. */
function candidates(name: string): string[] {
  const found = zooNames.filter((known) => known === name || shortName(known) === name);
  if (found.length > 0) return found;
  throw new UsageError(unknownName("network", name, zooNames, [...zooNames, ...zooNames.map(shortName)]));
}

/**
 * The full name of the network that a name stands for, whatever images it takes.
 *
 * @throws UsageError that suggests one
 */
export const networkNamed = (name: string): string => candidates(name)[0] ?? name;

const show = (shape: readonly number[]): string => `[${shape.join(", ")}]`;

/**
 * The full name of the network that a name stands for with images of this data set.
 *
 * @throws ShapeError where no network of that name takes them
 */
export function networkFor(name: string, { name: data, shape }: Pick<ImageSet, "name" | "shape">): string {
  const named = candidates(name);
  const fitting = named.find((candidate) => show(zoo(candidate).inShape) === show(shape));
  if (fitting !== undefined) return fitting;
  const [first = name] = named;
  throw new ShapeError(
    `${first} takes images ${show(zoo(first).inShape)}, the data set ${data} has ${show(shape)}\nchoose another --network or --data`,
  );
}

/** The flow of a network by its full name. */
export const flowOf = (name: string, options: FlowifyOptions): Flow => flowify(zoo(name), options);

/** The networks there are, for a list. */
export const networkNames = zooNames;
