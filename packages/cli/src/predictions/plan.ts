import { basename } from "node:path";
import { DataError, UsageError } from "@flowify/core";
import { hashOf } from "../data/image-set.js";
import { leftOut } from "../data/table/check-columns.js";
import { schemaToLearn } from "../data/table/find-schema.js";
import { openTable } from "../data/table/sources/open-table.js";
import { keepNamedInput } from "../data/table/sources/standard-input.js";
import { expectEnough } from "../data/table/split-rows.js";
import { environment } from "../environment.js";
import { expectNone } from "../flags/flag.js";
import { commonFlags, readingOf, tableParameters } from "../flags/shared.js";
import { type Prediction, predictionOf } from "../regression/columns.js";
import { HEAD, type RegressionDocument, readRegression } from "../regression/regression-file.js";
import { rowsOfPart, widthOf } from "../regression/table-regression.js";
import { unusedFolder } from "../runs/folder.js";
import { expectPlaceOfRun } from "../runs/outputs.js";
import { expectLags, type SeriesRows, seriesOf, seriesRows } from "../series/series.js";
import { expectUndecided, type TrainFlags } from "../settings.js";
import { readRows } from "../tables/read-rows.js";
import { countOf, unknownName } from "../ui/format.js";

/** Flags of `train` that a prediction takes. */
const taken: readonly string[] = [
  ..."predict given ensemble time series lags horizon data limit steps seed out force resume".split(" "),
  ...Object.keys({ ...tableParameters, ...commonFlags }),
];

/** @throws UsageError for flags of other trainings, and for settings that a run that goes on has already */
function checkFlags(flags: TrainFlags): void {
  const { data: _, ...decided } = flags;
  if (flags.resume !== undefined) expectUndecided(decided, flags.resume);
  const what = flags.time === undefined ? "--predict" : "--time";
  expectNone(
    flags,
    (Object.keys(flags) as (keyof TrainFlags)[]).filter((name) => !taken.includes(name)),
    `does not go with ${what}, which trains a network of its own\nleave it out`,
  );
  if (flags.time !== undefined)
    expectNone(
      flags,
      ["calendar", "id"],
      "does not go with --time, which names the rows and brings a calendar of its own\nleave it out",
    );
  if (flags.resume === undefined && flags.data === undefined)
    throw new UsageError(`${what} needs a table\nname its file with --data FILE.csv`);
}

/** The rows of a run, encoded: to train on, and held out. */
type Rows = Readonly<{
  train: Float32Array;
  test: Float32Array;
  count: number;
  hash: string;
  series: readonly SeriesRows[];
}>;

/** A run to train: its rows, read already. */
export type PredictionPlan = Readonly<{
  folder: string;
  document: RegressionDocument;
  rows: Rows;
  notes: readonly string[];
}>;

/** The plan of a run that predicts, checked as far as possible before it starts. */
export function planPrediction(flags: TrainFlags): Promise<PredictionPlan> {
  checkFlags(flags);
  return flags.resume === undefined ? planNew(flags) : planAgain(flags.resume, flags.data);
}

async function planNew(flags: TrainFlags): Promise<PredictionPlan> {
  const { data: name = "", predict = [], seed = 0 } = flags;
  const about = flags.time === undefined ? predict : [...predict, "series"];
  const folder = flags.out ?? unusedFolder(`${basename(name).replace(/\.[^.]*$/, "")}-${about.join("-")}`);
  expectPlaceOfRun(folder, flags, [name]);
  await keepNamedInput([name]);
  const reading = readingOf(flags) ?? {};
  const table = await openTable(name, reading);
  const { time, series = [] } = flags;
  for (const key of series)
    if (!table.names.includes(key))
      throw new UsageError(`--series: ${name}: ${unknownName("column", key, table.names)}`);
  // names of series may look like numbers, or like a mistake among them
  const { schema: found } = await schemaToLearn(name, table, {
    ...reading,
    drop: [...(reading.drop ?? []), ...series],
  });
  const prediction =
    time === undefined
      ? predictionOf(name, found, predict, flags.given)
      : await seriesOf(name, table, found, { ...flags, time });
  const { rows, notes } = await rowsOf(name, reading, prediction, flags.limit);
  return {
    folder,
    rows,
    notes: [
      ...(flags.given || time !== undefined ? [] : leftOut(found.columns).map((line) => `${name}: ${line}`)),
      ...(prediction.schema.order?.series?.known.length === 1
        ? [`${name}: all rows are one series by --series ${series.join(",")}: it can be left out`]
        : []),
      ...notes,
    ],
    document: {
      ...HEAD,
      data: { name, reading, examples: rows.count, hash: rows.hash },
      schema: prediction.schema,
      predict: [...prediction.predict],
      given: [...prediction.given],
      training: { seed, ensemble: flags.ensemble ?? null, steps: flags.steps ?? null },
      environment: environment(flags.threads === undefined ? {} : { threads: flags.threads }),
    },
  };
}

/** @param moved where the table lies now, if not where it was */
async function planAgain(folder: string, moved: string | undefined): Promise<PredictionPlan> {
  const { targets: _, ...before } = readRegression(folder);
  const data = { ...before.data, ...(moved !== undefined && { name: moved }) };
  const document = { ...before, data };
  await keepNamedInput([data.name]);
  const { rows, notes } = await rowsOf(data.name, data.reading, document, data.examples);
  if (rows.hash !== data.hash)
    throw new DataError(
      `${data.name}: the rows differ from those of the run in ${folder} (sha256 ${data.hash})\nrestore the old file, or start a new run`,
    );
  return { folder, document, rows, notes };
}

/** The rows of the table; those that lack a value to predict are in neither part. */
async function rowsOf(
  path: string,
  reading: Parameters<typeof readRows>[1],
  prediction: Prediction,
  limit: number | undefined,
): Promise<{ rows: Rows; notes: string[] }> {
  const { schema, predict } = prediction;
  const table = await readRows(path, { ...reading, schema, predict });
  const { encoded, count, notes } = table;
  const width = widthOf(prediction);
  const { rows: all, lacking } = rowsOfPart(prediction, encoded, "train");
  const { order } = schema;
  if (order) expectLags(path, order, all.length / width);
  const few = expectEnough(path, count - lacking);
  const train = limit === undefined ? all : all.subarray(0, limit * width);
  return {
    rows: {
      train,
      test: rowsOfPart(prediction, encoded, "test").rows,
      count: train.length / width,
      hash: hashOf(encoded),
      series: seriesRows(prediction, table),
    },
    notes: [
      ...notes,
      ...few,
      ...(lacking > 0
        ? [
            `${path}: ${countOf(lacking, "row")} without a value to predict ${lacking === 1 ? "is" : "are"} left out`,
          ]
        : []),
      ...(train.length < width * width
        ? [
            `${path}: fewer rows (${train.length / width}) than columns (${width}): ${order ? "choose fewer --lags" : "leave columns out by --given"}, or add rows`,
          ]
        : []),
    ],
  };
}
