import type { FlowModel } from "@flowify/core";
import { permutation } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { decodeRows } from "../data/table/decode-rows.js";
import { type ColumnSlot, columnSlots } from "../data/table/encode-rows.js";
import { readRows } from "../data/table/read-rows.js";
import { rowsOfSplit } from "../data/table/split-rows.js";
import { type Calibration, conformalP, thresholdOf } from "../detect/calibration.js";
import { type OpenDetector, openDetector, takeRows } from "../detect/detector.js";
import { readDetector } from "../detect/detector-file.js";
import { detectorNumber } from "../detect/reasons/detector-columns.js";
import { tableReasoner } from "../detect/reasons/table-reasons.js";
import type { ScoreKind } from "../detect/score-kinds.js";
import type { TableDetector } from "../detect/table-detector.js";
import { runPaths } from "../runs/folder.js";
import type { SavedRun } from "../runs/open-run.js";
import { allDetectorRows, type DetectorRowsOptions, openDetectorTable } from "../scores/detector-rows.js";
import { FALSE_ALARMS } from "../scores/judge-rows.js";
import { rowsOfTables } from "../scores/table-rows.js";
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
  const { name, reading, shape } = config.data;
  const [schema, width] = [reading!.schema!, shape[0]];
  const found = readDetector(runPaths(folder).detector, folder);
  const slots = columnSlots(schema);
  const all = await readRows(name, reading);
  const training = takeRows(all.rows, width, rowsOfSplit(all.count, "train").subarray(0, SHOWN.training));
  const generated = knownCodes(slots, await model.sampleFlat(SHOWN.generated, { seed: 1 }), width);
  const fresh =
    file === undefined
      ? []
      : [
          {
            name: file,
            rows: await sampledRows(
              rowsOfTables([file], { schema, where, id: undefined, seed: 0, warn: () => {} }),
              width,
            ),
          },
        ];
  const open = await openDetector(model.executor, found.detector);
  try {
    const rowOptions = { schema, inputs: found.inputs, warn };
    const pieces =
      file === undefined
        ? testRows(name, found, { ...rowOptions, where: reading?.where })
        : allBlocks(file, { ...rowOptions, where });
    const judged = await judgedRows(found, open, falseAlarms, pieces);
    const groups = [
      { name: "training rows", rows: training },
      { name: "generated rows", rows: generated },
      ...fresh,
    ];
    const shown = slots.slice(0, SHOWN.columns);
    return {
      ...judgement(found, judged.survey, file, name, falseAlarms),
      worst: judged.worst,
      pairs: viewPairs(slots, { training, generated, worst: judged.numbersOf }, width),
      columns: shown.map((slot) => viewColumn(slot, groups, width)),
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
async function* allBlocks(file: string, options: DetectorRowsOptions) {
  const table = await openDetectorTable(file, options);
  yield* table.rows();
  table.end();
}

/** The test rows of the run's own table. */
async function* testRows(file: string, { detector }: TableDetector, options: DetectorRowsOptions) {
  const all = await allDetectorRows(file, options);
  const which = rowsOfSplit(all.names.length, "test");
  yield {
    rows: takeRows(all.rows, detector.spaces.width, which),
    names: Array.from(which, (row) => all.names[row]!),
  };
}

/** Scores rows, and finds the reasons of those of the highest scores. */
async function judgedRows(
  found: TableDetector,
  open: OpenDetector,
  falseAlarms: number,
  pieces: Parameters<typeof surveyRows>[0],
) {
  const { width } = found.detector.spaces;
  const calibration = found.calibrations[KIND];
  const survey = await surveyRows(
    pieces,
    width,
    async (rows) => (await open.score(rows, [KIND]))[KIND],
    (score) => conformalP(calibration, score) <= falseAlarms,
  );
  const { columns, reasonsOf } = tableReasoner(found, open, KIND, falseAlarms);
  const reasons = await reasonsOf(Float32Array.from(survey.worst.flatMap(({ row }) => [...row])));
  return {
    survey,
    worst: survey.worst.map(({ name, score }, i) => ({
      name,
      score,
      p: conformalP(calibration, score),
      reasons: reasons[i]!,
    })),
    /** Numbers of a column in these rows. */
    numbersOf: (name: string): (number | undefined)[] => {
      const column = columns.find((each) => each.name === name)!;
      return survey.worst.map(({ row }) => detectorNumber(column, row));
    },
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

/** A fair sample of encoded rows. */
async function sampledRows(pieces: ReturnType<typeof rowsOfTables>, width: number): Promise<Float32Array> {
  const survey = await surveyRows(
    (async function* () {
      for await (const { images, names } of pieces) yield { rows: images, names };
    })(),
    width,
    async (rows) => new Float64Array(rows.length / width),
    () => false,
  );
  return survey.rows;
}

/** Generated rows with the codes of categories that training rows have: the nearest ones. */
function knownCodes(slots: readonly ColumnSlot[], rows: Float32Array, width: number): Float32Array {
  for (const { at, column } of slots) {
    if (column.range) continue;
    const last = (column.values?.length ?? 1) - 1;
    for (let place = at; place < rows.length; place += width) rows[place] = Math.min(last, rows[place]!);
  }
  return rows;
}
