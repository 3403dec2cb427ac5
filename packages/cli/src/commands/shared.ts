import { UsageError } from "@flowify/core";
import type { FlagParametersForType, TypedPositionalParameter } from "@stricli/core";
import type { CliContext } from "../context.js";
import { type Reading, resizings } from "../data/format.js";
import type { Split } from "../data/image-set.js";
import { nonEmpty, normalization, pixelSize, wholeNumber } from "./parsers.js";

/** Providers of ONNX Runtime that a build of it may have, besides the CPU. */
const providers = ["cuda", "tensorrt", "dml", "coreml"] as const;
export type Provider = (typeof providers)[number];

const deviceNames = [
  "auto",
  "native",
  ...providers.map((name) => `native-${name}` as const),
  "webgpu",
  "wasm",
  "jax",
] as const;
export type DeviceName = (typeof deviceNames)[number];

/** Pictures at each measurement of a training run, at the last one, or none. */
export const pictureChoices = ["each", "last", "none"] as const;
export type PictureChoice = (typeof pictureChoices)[number];

/** Flags of every command that computes something. */
export type CommonFlags = {
  device?: DeviceName;
  threads?: number;
  json?: boolean;
  quiet?: boolean;
};

export const commonFlags: FlagParametersForType<CommonFlags, CliContext> = {
  device: {
    kind: "enum",
    values: deviceNames,
    optional: true,
    brief:
      "Where to compute, flowify devices lists them (default: auto, the first of native, wasm and jax that is here)",
  },
  threads: {
    kind: "parsed",
    parse: wholeNumber(1),
    optional: true,
    placeholder: "N",
    brief:
      "Threads of the native and the Wasm device; another number changes last digits (default: one for each core, of a begun run its own)",
  },
  json: {
    kind: "boolean",
    optional: true,
    withNegated: false,
    brief: "One JSON document on standard output, everything else on standard error",
  },
  quiet: {
    kind: "boolean",
    optional: true,
    withNegated: false,
    brief: "No progress and no notes, of a likelihood one line",
  },
};

/** Flags that say how to read images that could be read in several ways. */
export const readingParameters: FlagParametersForType<Reading, CliContext> = {
  size: {
    kind: "parsed",
    parse: pixelSize,
    optional: true,
    placeholder: "HxW",
    brief: "Height and width that pictures get, or that rows of an array have",
  },
  resize: {
    kind: "enum",
    values: resizings,
    optional: true,
    brief: "How pictures get that size (default: crop to its sides; fit puts them on black)",
  },
  grey: {
    kind: "boolean",
    optional: true,
    brief: "Pictures in grey, or with --no-grey in colour (default: as the first is)",
  },
  skipCorrupt: {
    kind: "boolean",
    optional: true,
    withNegated: false,
    brief: "Leave damaged pictures out, and count them",
  },
};

/**
 * What the flags say about the reading; undefined where they say nothing.
 *
 * @throws UsageError for a way of resizing without a size
 */
export function readingOf({ size, resize, grey, skipCorrupt }: Reading): Reading | undefined {
  if (resize && !size) throw new UsageError("--resize needs a size\nname it as well: --size 64x64");
  const reading: Reading = {
    ...(size && { size }),
    ...(resize && { resize }),
    ...(grey !== undefined && { grey }),
    ...(skipCorrupt && { skipCorrupt }),
  };
  return Object.keys(reading).length > 0 ? reading : undefined;
}

/** Flags without those that say how to read. */
export const withoutReading = <F extends Reading>({
  size: _size,
  resize: _resize,
  grey: _grey,
  skipCorrupt: _skip,
  ...others
}: F): Omit<F, keyof Reading> => others;

/** Flags of the commands that look at images of a run's data set, or of another one. */
export type ImagesFlags = Reading & {
  data?: string;
  dataDir?: string;
  split?: Split;
  limit?: number;
};

export const imagesFlags: FlagParametersForType<ImagesFlags, CliContext> = {
  data: {
    kind: "parsed",
    parse: nonEmpty,
    optional: true,
    placeholder: "NAME",
    brief: "Data set, or the path of a folder or file of images (default: that of the run)",
  },
  dataDir: {
    kind: "parsed",
    parse: nonEmpty,
    optional: true,
    placeholder: "DIR",
    brief: "Folder that holds the data set's files",
  },
  ...readingParameters,
  split: {
    kind: "enum",
    values: ["train", "validation", "test"],
    optional: true,
    brief: "Which images of the data (default: test; of other data without splits all)",
  },
  limit: {
    kind: "parsed",
    parse: wholeNumber(1),
    optional: true,
    placeholder: "N",
    brief: "Only the first N images",
  },
};

export const normalizeFlag = {
  kind: "parsed",
  parse: normalization,
  optional: true,
  placeholder: "MEAN:STD",
  brief:
    "What a given network was trained on: (pixel / 255 - MEAN) / STD, or raw (default: raw where the network scales pixels itself, else pixel / 255)",
} as const;

export const seedFlag = (brief: string) =>
  ({ kind: "parsed", parse: wholeNumber(0), optional: true, placeholder: "N", brief }) as const;

export const runFolder: TypedPositionalParameter<string, CliContext> = {
  parse: nonEmpty,
  placeholder: "DIR",
  brief: "Folder of a run, as flowify train has made it",
};
