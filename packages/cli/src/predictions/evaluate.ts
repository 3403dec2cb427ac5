import { UsageError } from "@flowify/core";
import type { TableSchema } from "../data/table/schema.js";
import { keepNamedInput, STANDARD_INPUT } from "../data/table/sources/standard-input.js";
import type { CommonFlags } from "../flags/shared.js";
import { conformalLimit } from "../regression/conformal.js";
import { type FinishedRegression, withRegression } from "../regression/open-regression.js";
import type { RegressionDocument } from "../regression/regression-file.js";
import { rowsOfPart, widthOf } from "../regression/table-regression.js";
import { type SeriesRows, seriesRows } from "../series/series.js";
import { openEncodedTable, readRows } from "../tables/read-rows.js";
import { countOf, formatCount } from "../ui/format.js";
import type { Terminal } from "../ui/terminal.js";
import { evaluateRows, type TargetEvaluation } from "./evaluation.js";

export type EvaluateOptions = CommonFlags &
  Readonly<{ data?: string; where?: string; limit?: number; seed?: number }>;

/** The scores of a run on some rows: where they are from, and for rows of another file how many values its intervals hold. */
export type RegressionEvaluation = Readonly<{
  source: string;
  targets: readonly TargetEvaluation[];
  /** The share of values within the conformal intervals of 90 %, of each target; of another file alone. */
  conformal?: readonly number[];
}>;

const LEVEL = 0.9;

/** Scores of a run that predicts: on its test rows, or on the rows of another file, whose values are known. */
export const evaluateRegression = (
  folder: string,
  options: EvaluateOptions,
  terminal: Terminal,
): Promise<RegressionEvaluation> =>
  withRegression(folder, options, terminal, async (model, document) => {
    const { data, seed } = options;
    const width = widthOf(document);
    const { rows: found, series } =
      data === undefined ? await testRows(document) : await rowsOfFile(data, document, options, terminal);
    const rows = options.limit === undefined ? found : found.subarray(0, options.limit * width);
    const targets = await evaluateRows(model, document.targets, rows, width, seed, series);
    const count = countOf(rows.length / width, "row");
    if (data === undefined) return { source: testSource(document, rows.length / width), targets };
    const conformal = targets.map(({ outwardness }, t) => {
      const limit = conformalLimit(document.targets[t]?.heldOut.outwardness ?? [], LEVEL);
      return outwardness.filter((each) => each <= limit).length / outwardness.length;
    });
    return { source: `${count} of ${data}${inSteps(document.schema)}`, targets, conformal };
  });

/** What the rows that training held out are called. */
export const testSource = (
  { data, schema }: Pick<RegressionDocument, "data" | "schema">,
  rows: number,
): string =>
  `the ${schema.order ? `last ${formatCount(rows)}` : `${formatCount(rows)} test`} rows of ${data.name === STANDARD_INPUT ? "standard input" : data.name}${inSteps(schema)}`;

/** What figures of several series are in. */
const inSteps = ({ order }: TableSchema): string =>
  order?.series && order.series.measured.length > 0 ? ", in usual steps of each series" : "";

/** The rows that training held out. */
async function testRows(document: FinishedRegression): Promise<MeasuredRows> {
  const { data, schema, predict } = document;
  const table = await readRows(data.name, { ...data.reading, schema, predict });
  const { rows } = rowsOfPart(document, table.encoded, "test");
  return { rows, series: seriesRows(document, table) };
}

type MeasuredRows = Readonly<{ rows: Float32Array; series: readonly SeriesRows[] }>;

async function rowsOfFile(
  file: string,
  document: FinishedRegression,
  { where }: EvaluateOptions,
  { warn }: Terminal,
): Promise<MeasuredRows> {
  await keepNamedInput([file]);
  const table = await openEncodedTable(file, { ...document, where, warn });
  const lacking = document.predict.find((name) => !table.names.includes(name));
  if (lacking !== undefined)
    throw new UsageError(
      `${file}: lacks the column ${JSON.stringify(lacking)}, whose values predictions are compared with\npredict them with flowify predict`,
    );
  const { rows, names, series } = await table.all();
  return { rows, series: seriesRows(document, { encoded: rows, rowNames: names, series }, true) };
}
