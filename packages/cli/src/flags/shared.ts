import { UsageError } from "@flowify/core";
import type { FlagParametersForType, TypedPositionalParameter } from "@stricli/core";
import { type PictureReading, type Reading, resizings, type TableChoice } from "../data/format.js";
import type { Split } from "../data/image-set.js";
import type { CliContext } from "../ui/context.js";
import { names, nonEmpty, normalization, pixelSize, wholeNumber } from "./parsers.js";

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

/** Pictures at each measurement of a training run, at the last one, or never. */
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
      "Device to compute on; flowify devices lists them (default: auto, the first present of native, wasm and jax)",
  },
  threads: {
    kind: "parsed",
    parse: wholeNumber(1),
    optional: true,
    placeholder: "N",
    brief:
      "Threads of the native and Wasm devices; changes last digits (default: one per core; an existing run keeps its number)",
  },
  json: {
    kind: "boolean",
    optional: true,
    withNegated: false,
    brief: "Print one JSON document to standard output, everything else to standard error",
  },
  quiet: {
    kind: "boolean",
    optional: true,
    withNegated: false,
    brief: "Print no progress and no notes, and likelihoods as one line",
  },
};

/** Flags that say how to read images that could be read in several ways. */
export const readingParameters: FlagParametersForType<PictureReading, CliContext> = {
  size: {
    kind: "parsed",
    parse: pixelSize,
    optional: true,
    placeholder: "HxW",
    brief: "Height and width: resize pictures to it, or read rows of an array as images",
  },
  resize: {
    kind: "enum",
    values: resizings,
    optional: true,
    brief: "How pictures are resized: crop them, or fit them on black (default: crop)",
  },
  grey: {
    kind: "boolean",
    optional: true,
    brief: "Read pictures in grey, or with --no-grey in colour (default: as the first one is)",
  },
  skipCorrupt: {
    kind: "boolean",
    optional: true,
    withNegated: false,
    brief: "Skip damaged pictures and count them",
  },
};

const columnNames = (placeholder: string, brief: string) =>
  ({ kind: "parsed", parse: names, optional: true, placeholder, brief }) as const;

/** The flag that names the rows of a table. */
export const idFlag = {
  kind: "parsed",
  parse: nonEmpty,
  optional: true,
  placeholder: "COLUMN",
  brief: "Column of a table that names its rows; the scores repeat it",
} as const;

/** The flag that leaves rows of a table out. */
export const whereFlag = {
  kind: "parsed",
  parse: nonEmpty,
  optional: true,
  placeholder: "SQL",
  brief: "Only rows of a table that fulfil an SQL condition; needs npm install @duckdb/node-api",
} as const;

/** The flag that takes dates apart. */
export const calendarFlag = columnNames(
  "A,B",
  "Columns of dates whose time of day, weekday and month become columns as well",
);

/** Flags that say which columns and rows of a table are used. */
export const tableParameters: FlagParametersForType<TableChoice & Pick<Reading, "table">, CliContext> = {
  columns: columnNames("A,B", "Use only these columns of a table"),
  drop: columnNames("A,B", "Leave these columns of a table out"),
  id: idFlag,
  where: whereFlag,
  calendar: calendarFlag,
  table: {
    kind: "boolean",
    optional: true,
    withNegated: false,
    brief: "Read an array [rows, columns] of a .npy or .npz file as a table, with a detector of odd rows",
  },
};

/**
 * The way of reading that the flags set; undefined without such flags.
 *
 * @throws UsageError for --resize without a size
 */
export function readingOf(flags: PictureReading & TableChoice & Pick<Reading, "table">): Reading | undefined {
  const { size, resize, grey, skipCorrupt, columns, drop, id, where, calendar, table } = flags;
  if (resize && !size) throw new UsageError("--resize needs a size\nadd one, such as --size 64x64");
  const reading: Reading = {
    ...(size && { size }),
    ...(resize && { resize }),
    ...(grey !== undefined && { grey }),
    ...(skipCorrupt && { skipCorrupt }),
    ...(columns && { columns }),
    ...(drop && { drop }),
    ...(id !== undefined && { id }),
    ...(where !== undefined && { where }),
    ...(calendar && { calendar }),
    ...(table && { table }),
  };
  return Object.keys(reading).length > 0 ? reading : undefined;
}

/** Flags without those that say how to read. */
export const withoutReading = <F extends PictureReading>({
  size: _size,
  resize: _resize,
  grey: _grey,
  skipCorrupt: _skip,
  ...others
}: F): Omit<F, keyof PictureReading> => others;

/** Flags of the commands that look at images of a run's data set, or of another one. */
export type ImagesFlags = PictureReading & {
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
    brief: "Data set, or the path of a folder or file of images (default: the data of the run)",
  },
  dataDir: {
    kind: "parsed",
    parse: nonEmpty,
    optional: true,
    placeholder: "DIR",
    brief: "Folder with the files of the data set",
  },
  ...readingParameters,
  split: {
    kind: "enum",
    values: ["train", "validation", "test"],
    optional: true,
    brief: "Split of the data set (default: test; data without splits: all)",
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
    "Input of the pretrained network: (pixel / 255 - MEAN) / STD, or raw (default: raw if the network scales pixels itself, else pixel / 255)",
} as const;

export const seedFlag = (brief: string) =>
  ({ kind: "parsed", parse: wholeNumber(0), optional: true, placeholder: "N", brief }) as const;

export const runFolder: TypedPositionalParameter<string, CliContext> = {
  parse: nonEmpty,
  placeholder: "DIR",
  brief: "Folder of a run of flowify train",
};
