import { join } from "node:path";
import { DomainError, ShapeError, zoo } from "@flowify/core";
import { couplingNetwork } from "@flowify/core/internal";
import { sizeOf } from "@flowify/core/layer";
import { type DataSet, examplesOf } from "../data/image-set.js";
import type { Normalization } from "../flags/parsers.js";
import type { NetworkDescription } from "../networks/network.js";
import { descriptionOf } from "../networks/presets.js";
import { type ChosenNetwork, ORIGINAL } from "../networks/weights.js";
import { endInNormals, NORMALS } from "../networks/with-labels.js";
import { type Accuracy, accuracyOf } from "../quality/accuracy.js";
import { readFunction } from "./function.js";
import { openFunction } from "./run.js";
import type { OpaqueFunction } from "./schema.js";

/** A flow of x given what a network returns for it, and the network. */
export type StepNetwork = ChosenNetwork & Readonly<{ opaque: OpaqueFunction; original: string }>;

/** Standard deviation of the noise of an output, as a share of its spread. */
const NOISE = 0.1;

/** More outputs than these go through a network first. */
const FEW = 32;

/** The network that flowify convert wrote into a folder as one step, for data. Errors: `ShapeError` where they do not fit. */
export function functionFor(
  folder: string,
  { name, shape }: DataSet,
  normalize?: Normalization,
): Readonly<{ opaque: OpaqueFunction; original: string }> {
  const found = readFunction(folder);
  if (sizeOf(found.inShape) !== sizeOf(shape))
    throw new ShapeError(
      `the network takes [${found.inShape.join(", ")}], the data set ${name} has [${shape.join(", ")}]\nchoose another --data, or resize pictures with --size HEIGHTxWIDTH`,
    );
  const opaque = normalize
    ? {
        ...found,
        normalize: normalize === "raw" ? normalize : { mean: [...normalize.mean], std: [...normalize.std] },
      }
    : found;
  return { opaque, original: join(folder, ORIGINAL) };
}

/** A network for data as a flow of them given the outputs. */
export function givenOutputs(
  network: ChosenNetwork,
  { opaque, original }: Readonly<{ opaque: OpaqueFunction; original: string }>,
): StepNetwork {
  const description = (network.description ?? zoo(network.name)) as NetworkDescription;
  const { layers } = descriptionOf(couplingNetwork(opaque.seen));
  const given = {
    ...description,
    condition: { shape: [opaque.seen] },
    ...(opaque.seen > FEW && { embedding: { kind: "dense" as const } }),
    outputs: { noise: NOISE, layers },
  };
  const isFew = opaque.seen <= FEW;
  return {
    ...network,
    description: isFew ? { ...given, layers: endInNormals(given, NORMALS * opaque.seen) } : given,
    opaque,
    original,
  };
}

type Sets = Readonly<{ data: DataSet; validation: DataSet | undefined; test: DataSet | undefined }>;

/** The sets with the outputs of the network, and how often the largest output is the label. Errors: `DomainError` for constant outputs. */
export async function withOutputs(
  { data, validation, test }: Sets,
  { opaque, original }: Pick<StepNetwork, "opaque" | "original">,
): Promise<Sets & { accuracy: Accuracy | undefined }> {
  const open = await openFunction(original, opaque, data.shape);
  try {
    const filled = async <T extends DataSet | undefined>(set: T): Promise<T> =>
      set && { ...set, outputs: await open.outputsOf(examplesOf(set)) };
    const all = {
      data: await filled(data),
      validation: await filled(validation),
      test: await filled(test),
    };
    const { outputs = new Float32Array() } = all.data;
    if (outputs.every((value, i) => value === outputs[i % opaque.seen]))
      throw new DomainError(
        `the output ${JSON.stringify(opaque.output)} of the network is the same for all ${data.count} examples of ${data.name}\ntake another value by flowify convert --output, or check --normalize`,
      );
    return { ...all, accuracy: accuracyOf(all.data, outputs) };
  } finally {
    await open.dispose();
  }
}
