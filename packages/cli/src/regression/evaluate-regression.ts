import { UsageError } from "@flowify/core";
import { keepNamedInput } from "../data/table/sources/standard-input.js";
import type { CommonFlags } from "../flags/shared.js";
import { readRows } from "../tables/read-rows.js";
import { formatCount } from "../ui/format.js";
import type { Terminal } from "../ui/terminal.js";
import { conformalLimit } from "./conformal.js";
import { rowsToPredict } from "./encoded-rows.js";
import { evaluateRows, type TargetEvaluation } from "./evaluation.js";
import { type FinishedRegression, withRegression } from "./open-regression.js";
import { rowsOfPart, type TableRegression, widthOf } from "./table-regression.js";

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
    const found =
      data === undefined ? await testRows(document) : await rowsOfFile(data, document, options, terminal);
    const rows = options.limit === undefined ? found : found.subarray(0, options.limit * width);
    const targets = await evaluated(model, document, rows, seed);
    const count = formatCount(rows.length / width);
    if (data === undefined) return { source: `the ${count} test rows of ${document.data.name}`, targets };
    const conformal = targets.map(({ outwardness }, t) => {
      const limit = conformalLimit(Float64Array.from(document.targets[t]?.heldOut.outwardness ?? []), LEVEL);
      return outwardness.filter((each) => each <= limit).length / outwardness.length;
    });
    return { source: `${count} rows of ${data}`, targets, conformal };
  });

const evaluated = (
  model: TableRegression,
  document: FinishedRegression,
  rows: Float32Array,
  seed: number | undefined,
): Promise<TargetEvaluation[]> =>
  evaluateRows(
    model,
    document.targets.map(({ baseline }) => baseline),
    rows,
    widthOf(document),
    seed,
  );

/** The rows that training held out. */
async function testRows(document: FinishedRegression): Promise<Float32Array> {
  const { data, schema } = document;
  const { encoded } = await readRows(data.name, { ...data.reading, schema });
  return rowsOfPart(document, encoded, "test").rows;
}

async function rowsOfFile(
  file: string,
  document: FinishedRegression,
  { where }: EvaluateOptions,
  { warn }: Terminal,
): Promise<Float32Array> {
  await keepNamedInput([file]);
  const table = await rowsToPredict(file, document, { where, warn });
  const lacking = document.predict.find((name) => !table.known.includes(name));
  if (lacking !== undefined)
    throw new UsageError(
      `${file}: lacks the column ${JSON.stringify(lacking)}, whose values predictions are compared with\npredict them with flowify predict`,
    );
  const parts: number[][] = [];
  for await (const { rows } of table.blocks()) parts.push([...rows]);
  table.end();
  return Float32Array.from(parts.flat());
}
