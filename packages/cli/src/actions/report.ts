import { join } from "node:path";
import type { CliContext } from "../context.js";
import type { Point } from "../pictures/line-chart.js";
import { reportPage } from "../report/page.js";
import { type RunSummary, summarizeRun } from "../report/run-summary.js";
import { writeFileAtomic } from "../run/atomic.js";
import { makeFolder } from "../run/folder.js";
import { createTerminal } from "../ui/terminal.js";
import { unitOf } from "../unit.js";

export type ReportFlags = { out?: string; json?: boolean };

export async function report(
  this: CliContext,
  { out, json = false }: ReportFlags,
  ...folders: [string, ...string[]]
): Promise<void> {
  const { stdout, stderr, env } = this.host;
  const terminal = createTerminal({ stdout, stderr, env, json });
  const runs = folders.map(summarizeRun);
  const folder = out ?? folders[0];
  makeFolder(folder);
  const document = { runs: runs.map(numbers) };
  const [page, data] = [join(folder, "report.html"), join(folder, "report.json")];
  await writeFileAtomic(page, await reportPage(runs));
  await writeFileAtomic(data, `${JSON.stringify(document, null, 2)}\n`);
  terminal.say(`wrote ${page} and ${data}`);
  terminal.document(document);
}

/** Everything except the pictures; figures under the name of their unit. */
function numbers(summary: RunSummary) {
  const { pictures: _, training, measured, ...rest } = summary;
  const { field } = unitOf(rest.config.data.shape);
  const named = (points: readonly Point[]) =>
    points.map(({ value, ...point }) => ({ ...point, [field]: value }));
  return {
    ...rest,
    training: named(training),
    measured: measured.map(({ split, points }) => ({ split, points: named(points) })),
  };
}
