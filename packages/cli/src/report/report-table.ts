import type { FlowModel } from "@flowify/core";
import { joined, permutation } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { rowsOfSplit } from "../data/table/split-rows.js";
import { type Calibration, conformalP, thresholdOf } from "../detect/calibration.js";
import { type OpenDetector, openDetector } from "../detect/detector.js";
import { readDetector } from "../detect/detector-file.js";
import { tableReasoner } from "../detect/reasons/table-reasons.js";
import type { ScoreKind } from "../detect/score-columns.js";
import type { TableDetector } from "../detect/table-detector.js";
import { valueAt, valuesAt } from "../places.js";
import { takeRows } from "../rows.js";
import { schemaOf } from "../run-config.js";
import { runPaths } from "../runs/folder.js";
import type { SavedRun } from "../runs/open-run.js";
import { possibleRowsOf } from "../samples/possible-samples.js";
import { FALSE_ALARMS } from "../scores/score-threshold.js";
import { ownColumns, type TableColumn, tableColumns } from "../tables/columns/kinds.js";
import { decodeRows } from "../tables/decode-rows.js";
import type { EncodedRows } from "../tables/encoded-table.js";
import { encodedRows } from "../tables/flow-rows.js";
import { openEncodedTable, readRows } from "../tables/read-rows.js";
import type { Terminal } from "../ui/terminal.js";
import { viewColumn } from "./table/columns.js";
import { viewPairs } from "./table/pairs.js";
import type { TableReport } from "./table/section.js";
import { type Survey, surveyRows } from "./table/survey.js";
import { kolmogorovSmirnov } from "./table/two-sample.js";

export type TableReportOptions = Readonly<{ data?: string; where?: string; falseAlarms?: number }>;

/** Rows are judged as `flowify score` judges them by default. */
const KIND: ScoreKind = "combination";

/** Generated rows, training rows at most, columns that have a chart, and rows of each kind that are shown as a table. */
const SHOWN = { generated: 2000, training: 10_000, columns: 24, examples: 6 } as const;

/** Numbers from 0 to 1 that p-values are compared with. */
const UNIFORM = Float64Array.from({ length: 2000 }, (_, i) => (i + 0.5) / 2000);

/** Held-out rows are judged a part at a time, by the scores of the other parts. */
const PARTS = 10;

/**
 * What a report says of a run of a table; with `data` about the rows of another file.
 *
 * @throws DataError where a table cannot be read; UsageError without a detector
 */
export async function reportTable(
  model: FlowModel,
  { config }: SavedRun,
  folder: string,
  options: TableReportOptions,
  { warn }: Terminal,
): Promise<TableReport> {
  const { data: file, where, falseAlarms = FALSE_ALARMS } = options;
  const { name, reading } = config.data;
  const schema = schemaOf(config);
  const found = readDetector(runPaths(folder).detector, folder, config);
  const all = await readRows(name, reading);
  const columns = tableColumns(schema);
  const own = ownColumns(columns);
  const width = own.length;
  const training = takeRows(all.encoded, width, rowsOfSplit(all.count, "train").subarray(0, SHOWN.training));
  const sampled = await possibleRowsOf(model, schema, SHOWN.generated, { seed: 1 });
  const generated = knownCodes(own, encodedRows(columns, sampled));
  const test = rowsOfSplit(all.count, "test");
  const testRows = {
    rows: takeRows(all.encoded, width, test),
    names: valuesAt(all.rowNames, test),
    numbers: [],
  };
  const open = await openDetector(model.executor, found.detector);
  try {
    const pieces = file === undefined ? [testRows] : blocksOf(file, { schema, where, warn });
    const judged = await judgedRows(found, open, falseAlarms, pieces, width);
    const groups = [
      { name: "training rows", rows: training },
      { name: "generated rows", rows: generated },
      ...(file === undefined ? [] : [{ name: file, rows: judged.survey.rows }]),
    ];
    const worst = joined(judged.survey.worst.map(({ row }) => row));
    return {
      ...judgement(found, judged.survey, file, name, falseAlarms),
      worst: judged.worst,
      pairs: viewPairs(own, { training, generated, worst }, width),
      columns: own.slice(0, SHOWN.columns).map((column) => viewColumn(column, groups, width)),
      examples: groups.slice(0, 2).map(({ name: kind, rows }) => ({
        name: `Some ${kind}`,
        rows: decodeRows(schema, rows.subarray(0, SHOWN.examples * width)).cells.map((cells) =>
          cells.slice(0, SHOWN.columns).map((cell) => (cell === null ? "missing" : String(cell))),
        ),
      })),
    };
  } finally {
    await open.dispose();
  }
}

/** The rows of a file, a block at a time. */
async function* blocksOf(
  file: string,
  options: Parameters<typeof openEncodedTable>[1],
): AsyncGenerator<EncodedRows> {
  const table = await openEncodedTable(file, options);
  yield* table.rows();
  table.end();
}

/** Scores rows, and finds the reasons of those of the highest scores. */
async function judgedRows(
  found: TableDetector,
  open: OpenDetector,
  falseAlarms: number,
  pieces: Parameters<typeof surveyRows>[0],
  width: number,
) {
  const calibration = found.calibrations[KIND];
  const survey = await surveyRows(
    pieces,
    width,
    async (rows) => (await open.score(rows, [KIND]))[KIND],
    (score) => conformalP(calibration, score) <= falseAlarms,
  );
  const { reasonsOf } = tableReasoner(found, open, KIND, falseAlarms);
  const reasons = await reasonsOf(joined(survey.worst.map(({ row }) => row)));
  return {
    survey,
    worst: survey.worst.map(({ name, score }, i) => ({
      name,
      score,
      p: conformalP(calibration, score),
      reasons: valueAt(reasons, i),
    })),
  };
}

function judgement(
  { calibrations }: TableDetector,
  survey: Survey,
  file: string | undefined,
  table: string,
  falseAlarms: number,
): Pick<TableReport, "judged" | "falseAlarms" | "threshold" | "unit" | "scores" | "pValues"> {
  const calibration = calibrations[KIND];
  const held = crossPValues(calibration);
  const own = { name: "held-out rows", values: held, uniform: kolmogorovSmirnov(held, UNIFORM) };
  const fresh = file !== undefined && {
    name: file,
    values: Array.from(survey.scores, (score) => conformalP(calibration, score)),
    // p-values are ranks among the held-out scores, which are a sample as well
    uniform: kolmogorovSmirnov(survey.scores, calibration.scores),
  };
  return {
    judged: {
      source: file ?? `the test rows of ${table}`,
      rows: survey.count,
      flagged: survey.flagged,
    },
    falseAlarms,
    threshold: thresholdOf(calibration, falseAlarms),
    unit: "score",
    scores: [
      { name: "held-out rows", values: calibration.scores },
      ...(file === undefined ? [] : [{ name: file, values: survey.scores }]),
    ],
    pValues: fresh ? [own, fresh] : [own],
  };
}

/** p-values of held-out rows, a tenth of them at a time by the scores of the others. */
function crossPValues({ scores }: Pick<Calibration, "scores">): number[] {
  const part = new Uint8Array(scores.length);
  permutation(makeRng(0), scores.length).forEach((row, i) => {
    part[row] = i % PARTS;
  });
  return Array.from({ length: PARTS }, (_, own) => {
    const others = { scores: scores.filter((__, row) => part[row] !== own) };
    return Array.from(
      scores.filter((__, row) => part[row] === own),
      (score) => conformalP(others, score),
    );
  }).flat();
}

/** Generated rows with the codes of categories that training rows have: the nearest ones. */
function knownCodes(columns: readonly TableColumn[], rows: Float32Array): Float32Array {
  for (const { place, found } of columns) {
    if (found.range) continue;
    const last = (found.values?.length ?? 1) - 1;
    for (let at = place; at < rows.length; at += columns.length) rows[at] = Math.min(last, valueAt(rows, at));
  }
  return rows;
}
