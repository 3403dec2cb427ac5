import type { FlowModel } from "@flowify/core";
import { examplesOf } from "../data/image-set.js";
import { conformalP, readCalibration, thresholdOf } from "../detect/calibration.js";
import { type EncodedColumn, encodedText } from "../detect/reasons/encoded-columns.js";
import { type TableReasoner, tableReasoner } from "../detect/reasons/table-reasons.js";
import { viewColumn } from "../report/table/columns.js";
import { viewPairs } from "../report/table/pairs.js";
import type { TableReport } from "../report/table/section.js";
import { type Survey, surveyRows } from "../report/table/survey.js";
import { kolmogorovSmirnov } from "../report/table/two-sample.js";
import { runPaths } from "../run/folder.js";
import type { Terminal } from "../ui/terminal.js";
import { FALSE_ALARMS } from "./judge-rows.js";
import { imagesFor, type SavedRun } from "./open-run.js";
import { ownTestRows, rowsOfTables } from "./table-rows.js";

export type TableReportOptions = Readonly<{ data?: string; falseAlarms?: number }>;

/** Generated rows, columns that have a chart, and rows of each kind that are shown as a table. */
const SHOWN = { generated: 2000, columns: 24, examples: 6 } as const;

/** Numbers from 0 to 1 that p-values are compared with. */
const UNIFORM = Float64Array.from({ length: 2000 }, (_, i) => (i + 0.5) / 2000);

/**
 * What a report says of a run of a table; with `data` about the rows of another file.
 *
 * @throws DataError where a table cannot be read; UsageError without a calibration
 */
export async function reportTable(
  model: FlowModel,
  run: SavedRun,
  folder: string,
  { data, falseAlarms = FALSE_ALARMS }: TableReportOptions,
  { warn }: Terminal,
): Promise<TableReport> {
  const { config, step } = run;
  const width = config.data.shape[0];
  const schema = config.data.reading!.schema!;
  const calibration = readCalibration(runPaths(folder).calibration, folder, step);
  const reasoner = await tableReasoner(model, config.data);
  const { columns, training, density } = reasoner;
  const score = async (rows: Float32Array): Promise<number[]> =>
    Array.from(await density(rows), (nats) => -nats);
  const pOf = (each: number): number => conformalP(calibration, each);
  const isFlagged = (each: number): boolean => pOf(each) <= falseAlarms;
  const test = await surveyRows(ownTestRows(config), width, score, isFlagged);
  const fresh =
    data === undefined
      ? undefined
      : await surveyRows(
          rowsOfTables([data], { schema, id: undefined, seed: 0, warn }),
          width,
          score,
          isFlagged,
        );
  const judged = fresh ?? test;
  const source = data ?? `the test rows of ${config.data.name}`;
  const validation = config.data.validation > 0 ? await imagesFor(run, { split: "validation" }) : undefined;
  const checks = [
    ...(validation
      ? [{ name: "validation rows", scores: await score(Float32Array.from(examplesOf(validation))) }]
      : []),
    ...(fresh ? [{ name: source, scores: Array.from(fresh.scores) }] : []),
  ];
  const generated = knownCodes(columns, await model.sample(SHOWN.generated, { seed: 1 }), width);
  const worst = joined(judged, width);
  return {
    judged: { source, rows: judged.count, flagged: judged.flagged },
    falseAlarms,
    threshold: thresholdOf(calibration, falseAlarms),
    unit: "-log p in nats",
    scores: [
      { name: "held-out rows", values: test.scores },
      ...(fresh ? [{ name: source, values: fresh.scores }] : []),
    ],
    pValues: checks.map(({ name, scores }) => {
      const values = scores.map(pOf);
      return { name, values, uniform: kolmogorovSmirnov(values, UNIFORM) };
    }),
    worst: await explained(reasoner, judged, worst, (logProb) => !isFlagged(-logProb), pOf),
    pairs: viewPairs(columns, { training, generated, worst }, width),
    columns: columns
      .slice(0, SHOWN.columns)
      .map((column) =>
        viewColumn(
          column,
          [
            { name: "training rows", rows: training },
            { name: "generated rows", rows: generated },
            ...(fresh ? [{ name: source, rows: fresh.rows }] : []),
          ],
          width,
        ),
      ),
    examples: [
      { name: "Some training rows", rows: textsOf(reasoner, training, width) },
      { name: "Some generated rows", rows: textsOf(reasoner, generated, width) },
    ],
  };
}

function joined({ worst }: Survey, width: number): Float32Array {
  const rows = new Float32Array(worst.length * width);
  worst.forEach(({ row }, i) => {
    rows.set(row, i * width);
  });
  return rows;
}

async function explained(
  { reasonsOf }: TableReasoner,
  { worst }: Survey,
  rows: Float32Array,
  isUsual: (logProb: number) => boolean,
  pOf: (score: number) => number,
): Promise<TableReport["worst"]> {
  const own = worst.map(({ score }) => -score);
  const reasons = await reasonsOf(rows, own, isUsual);
  return worst.map(({ name, score }, i) => ({ name, score, p: pOf(score), reasons: reasons[i]! }));
}

/** Generated rows with the codes of categories that training rows have: the nearest ones. */
function knownCodes(columns: readonly EncodedColumn[], rows: Float32Array, width: number): Float32Array {
  for (const { at, schema } of columns) {
    if (schema.range) continue;
    const last = (schema.values?.length ?? 1) - 1;
    for (let place = at; place < rows.length; place += width) rows[place] = Math.min(last, rows[place]!);
  }
  return rows;
}

const textsOf = ({ columns }: TableReasoner, rows: Float32Array, width: number): string[][] =>
  Array.from({ length: Math.min(SHOWN.examples, rows.length / width) }, (_, i) =>
    columns
      .slice(0, SHOWN.columns)
      .map((column) => encodedText(column, rows.subarray(i * width, (i + 1) * width))),
  );
