import { basename, join, resolve } from "node:path";
import { DataError, UsageError } from "@flowify/core";
import { keepNamedInput } from "../data/table/sources/standard-input.js";
import { jsonText } from "../files/atomic.js";
import { defineCommand, type Running } from "../flags/define.js";
import { expectNone, type FlagsOf, text, value, yes } from "../flags/flag.js";
import { probability } from "../flags/parsers.js";
import { commonFlags, forceFlag, runFolder, severalArguments, whereFlag } from "../flags/shared.js";
import type { Point } from "../pictures/line-chart.js";
import { evaluateRegression } from "../predictions/evaluate.js";
import { evaluationDocument } from "../predictions/say-evaluation.js";
import { columnNamed, fromWhat } from "../regression/columns.js";
import { readFinished } from "../regression/open-regression.js";
import { type ReportedRun, reportPage } from "../report/page.js";
import { type ReportedRegression, regressionPage } from "../report/regression-section.js";
import { reportTable } from "../report/report-table.js";
import { type RunSummary, summarizeRun } from "../report/run-summary.js";
import type { TableReport } from "../report/table/section.js";
import { holdsRegression, writeFiles } from "../runs/folder.js";
import { withModel } from "../runs/open-run.js";
import { expectFree, inputsOfRun } from "../runs/outputs.js";
import type { Terminal } from "../ui/terminal.js";
import { unitOf } from "../unit.js";

const flags = {
  data: text(
    "FILE",
    "For a run of a table: another file, whose rows are judged and compared with the training rows",
  ),
  where: whereFlag,
  falseAlarms: value(
    probability,
    "P",
    "For a run of a table: share of ordinary rows that is flagged (default: 0.01)",
  ),
  out: text("FOLDER", "Folder for report.html and report.json (default: the folder of the first run)"),
  force: forceFlag,
  json: yes("Also print report.json to standard output"),
  device: commonFlags.device,
  threads: commonFlags.threads,
};

type ReportFlags = FlagsOf<typeof flags>;

export const command = defineCommand({
  positional: severalArguments("DIR", runFolder.brief, 1),
  flags,
  help: `Writes report.html, a self-contained page. It shows the training curves of all runs in one chart, and for each run
its ledger now and over time, samples, reconstructions and configuration. report.json holds the same
numbers.

For a run of a table, the page also shows the distribution of scores, the calibration of the p-values
and the most unlikely rows with the columns to blame. Pairs of columns have the density as contours,
and generated rows stand beside training rows. --data FILE judges the rows of another file. It tests
which columns differ from the training rows.

For runs of flowify train --predict, it shows the scores of the predictions beside those of a trivial baseline, and
the ranks of the values in their distributions (PIT).

EXAMPLES
  flowify report runs/mnist-auto
  flowify report runs/a runs/b runs/c --out compared
  flowify report runs/payments --data june.csv --out june`,
  run: report,
});

async function report(
  { terminal }: Running,
  flags: ReportFlags,
  ...folders: [string, ...string[]]
): Promise<void> {
  const { out: folder = folders[0], data, where } = flags;
  expectFree(filesOf(folder), flags, { inputs: [...folders.flatMap(inputsOfRun), data], own: true });
  await keepNamedInput([data]);
  const predicting = folders.filter(holdsRegression);
  if (predicting.length === folders.length)
    return reportPredictions(folders, { ...flags, out: folder }, terminal);
  if (predicting.length > 0)
    throw new UsageError(
      `${predicting[0]} predicts columns and the other runs do not: their figures cannot be compared\nreport them apart`,
    );
  const summaries = folders.map(summarizeRun);
  if (data !== undefined && !summaries.some(isOfTable))
    throw new UsageError(
      "--data is for runs of tables: it compares a file with their training rows\nleave it out",
    );
  if (where !== undefined && data === undefined)
    throw new UsageError("--where is for the rows of --data\nname a table by --data, or leave --where out");
  const runs: ReportedRun[] = [];
  for (const summary of summaries) {
    const table = isOfTable(summary) ? await tableOf(summary.folder, flags, terminal) : undefined;
    runs.push({ ...summary, ...(table && { table }) });
  }
  await write(folder, await reportPage(runs), { runs: runs.map(numbers) }, terminal);
}

/** The files of a report: the page, and its figures. */
const [PAGE, FIGURES] = ["report.html", "report.json"] as const;
const filesOf = (folder: string): string[] => [join(folder, PAGE), join(folder, FIGURES)];

async function write(
  folder: string,
  html: string,
  document: Readonly<{ runs: readonly unknown[] }>,
  terminal: Terminal,
): Promise<void> {
  await writeFiles(folder, async (write) => {
    await write(PAGE, html);
    await write(FIGURES, jsonText(document));
  });
  terminal.say(`wrote ${filesOf(folder).join(" and ")}`);
  terminal.document(document);
}

/** Runs of `flowify train --predict`: their scores beside those of a trivial baseline, and the ranks of the values. */
async function reportPredictions(
  folders: readonly string[],
  flags: ReportFlags & { out: string },
  terminal: Terminal,
): Promise<void> {
  expectNone(flags, ["falseAlarms"], "is for runs of whole tables\nleave it out");
  const runs: ReportedRegression[] = [];
  for (const folder of folders) {
    const document = readFinished(folder);
    const { order } = document.schema;
    const time = order && {
      name: order.time,
      isDate: columnNamed(document.schema, order.time).type === "date",
    };
    const evaluation = await evaluateRegression(folder, flags, terminal);
    runs.push({
      name: basename(resolve(folder)),
      from: fromWhat(document),
      ...(time && { time }),
      evaluation,
    });
  }
  const figures = runs.map(({ evaluation: { targets, ...evaluation }, ...run }) => ({
    ...run,
    ...evaluation,
    targets: targets.map(evaluationDocument),
  }));
  await write(flags.out, await regressionPage(runs), { runs: figures }, terminal);
}

const isOfTable = ({ config }: RunSummary): boolean => config.data.reading?.schema !== undefined;

/** The report of a table; none where its file cannot be read any more, unless a new file is to be compared with it. */
async function tableOf(
  folder: string,
  flags: ReportFlags,
  terminal: Terminal,
): Promise<TableReport | undefined> {
  try {
    return await withModel(folder, flags, terminal, (model, run) =>
      reportTable(model, run, folder, flags, terminal),
    );
  } catch (error) {
    const isMissing = error instanceof DataError || error instanceof UsageError;
    if (!isMissing || flags.data !== undefined) throw error;
    terminal.warn(`${error.message.split("\n")[0]}: the report has no scores of rows`);
    return undefined;
  }
}

/** Everything except the pictures; figures under the name of their unit. */
function numbers(summary: ReportedRun) {
  const { pictures: _, training, measured, table, ...rest } = summary;
  const { field } = unitOf(rest.config.data.shape);
  const named = (points: readonly Point[]) =>
    points.map(({ value, ...point }) => ({ ...point, [field]: value }));
  return {
    ...rest,
    training: named(training),
    measured: measured.map(({ split, points }) => ({ split, points: named(points) })),
    ...(table && { table: tableNumbers(table) }),
  };
}

const tableNumbers = ({ judged, falseAlarms, threshold, pValues, worst, columns }: TableReport) => ({
  ...judged,
  falseAlarms,
  threshold: threshold ?? null,
  pValues: pValues.map(({ name, uniform }) => ({ name, ...uniform })),
  worst: worst.map(({ reasons, ...row }) => ({ ...row, ...reasons })),
  columns: columns.map(({ name, groups: [, ...others] }) => ({
    name,
    differences: others.map((group) => ({ name: group.name, ...group.difference, missing: group.missing })),
  })),
});
