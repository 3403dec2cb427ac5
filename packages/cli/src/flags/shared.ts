import { UsageError } from "@flowify/core";
import type { TypedPositionalParameter } from "@stricli/core";
import { type PictureReading, type Reading, readingFlags, resizings } from "../data/format.js";
import type { TableChoice } from "../data/table/schema.js";
import { tableFormats } from "../data/written/written-rows.js";
import type { CliContext } from "../ui/interrupt.js";
import { choice, count, type FlagsOf, text, value, yes } from "./flag.js";
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

/** The flag that allows `--out` to replace a file. */
export const forceFlag = yes("Replace what --out names, if it exists");

/** Flags of commands that write what the user names. */
export type OutFlags = { out?: string; force?: boolean };

/** Flags of every command that computes something. */
export const commonFlags = {
  device: choice(
    deviceNames,
    "Device to compute on; flowify devices lists them (default: auto, the first present of native, wasm and jax)",
  ),
  threads: count(
    "Threads of the native and Wasm devices; changes last digits (default: one per core; an existing run keeps its number)",
  ),
  json: yes("Print one JSON document to standard output, everything else to standard error"),
  quiet: yes("Print no progress and no notes, and likelihoods as one line"),
};

export type CommonFlags = FlagsOf<typeof commonFlags>;

/** Flags that say how to read images that could be read in several ways. */
export const readingParameters = {
  size: value(
    pixelSize,
    "HxW",
    "Height and width: resize pictures to it, or read rows of an array as images",
  ),
  resize: choice(resizings, "How pictures are resized: crop them, or fit them on black (default: crop)"),
  grey: {
    ...yes("Read pictures in grey, or with --no-grey in colour (default: as the first one is)"),
    withNegated: true,
  },
  skipCorrupt: yes("Skip damaged pictures and count them"),
};

const columnNames = (brief: string) => value(names, "A,B", brief);

export const idFlag = text("COLUMN", "Column of a table that names its rows; the scores repeat it");

/** The flag that leaves rows of a table out. */
export const whereFlag = text(
  "SQL",
  "Only rows of a table that fulfil an SQL condition; needs npm install @duckdb/node-api",
);

/** The flag that takes dates apart. */
export const calendarFlag = columnNames(
  "Columns of dates whose time of day, weekday and month become columns as well",
);

/** The flag that names cells without a value. */
export const missingFlag = value(
  names,
  "A,B",
  "Cells of a table that stand for a missing value, such as --missing=-999",
);

/** Flags that say which columns and rows of a table are used. */
export const tableParameters = {
  columns: columnNames("Use only these columns of a table"),
  drop: columnNames("Leave these columns of a table out"),
  id: idFlag,
  where: whereFlag,
  calendar: calendarFlag,
  missing: missingFlag,
};

/**
 * The way of reading that the flags set; undefined without such flags.
 *
 * @throws UsageError for --resize without a size
 */
export function readingOf(flags: PictureReading & TableChoice): Reading | undefined {
  if (flags.resize && !flags.size)
    throw new UsageError("--resize needs a size\nadd one, such as --size 64x64");
  const chosen = Object.keys(readingFlags).flatMap((name) => {
    const given = flags[name as keyof typeof flags];
    return given === undefined ? [] : [[name, given] as const];
  });
  return chosen.length > 0 ? Object.fromEntries(chosen) : undefined;
}

/** Flags without those that say how to read pictures. */
export const withoutReading = <F extends PictureReading>(flags: F): Omit<F, keyof PictureReading> =>
  Object.fromEntries(Object.entries(flags).filter(([name]) => !(name in readingParameters))) as F;

/** Flags of the commands that look at images of a run's data set, or of another one. */
export const imagesFlags = {
  data: text("NAME", "Data set, or the path of a folder or file of images (default: the data of the run)"),
  dataDir: text("DIR", "Folder with the files of the data set"),
  ...readingParameters,
  split: choice(
    ["train", "validation", "test"],
    "Split of the data set (default: test; data without splits: all)",
  ),
  limit: count("Only the first N images"),
};

export type ImagesFlags = FlagsOf<typeof imagesFlags>;

export const normalizeFlag = value(
  normalization,
  "MEAN:STD",
  "Input of the pretrained network: (pixel / 255 - MEAN) / STD, or raw (default: raw if the network scales pixels itself, else pixel / 255)",
);

export const seedFlag = (brief: string) => value(wholeNumber(0), "N", brief);

/** Flags of commands that write rows. */
export const rowFlags = (rows: string, seed: string) => ({
  format: choice(
    tableFormats,
    "A table, one JSON object per line, or Parquet (default: csv, or as --out ends)",
  ),
  out: text("FILE", `File for the ${rows} (default: standard output)`),
  force: forceFlag,
  seed: seedFlag(seed),
  device: commonFlags.device,
  threads: commonFlags.threads,
  quiet: commonFlags.quiet,
});

export const argument = (
  placeholder: string,
  brief: string,
): TypedPositionalParameter<string, CliContext> => ({ parse: nonEmpty, placeholder, brief });

/** Any number of arguments, at least so many. */
export const severalArguments = (
  placeholder: string,
  brief: string,
  minimum = 0,
): Readonly<Record<string, unknown>> => ({ kind: "array", parameter: argument(placeholder, brief), minimum });

export const runFolder: ReturnType<typeof argument> = argument("DIR", "Folder of a run of flowify train");
