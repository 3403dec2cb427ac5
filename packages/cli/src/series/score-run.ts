import { createInterface } from "node:readline";
import { UsageError } from "@flowify/core";
import { keepNamedInput } from "../data/table/sources/standard-input.js";
import { listFirst } from "../data/table/table.js";
import { tableFormat, writeOutput } from "../data/written/output.js";
import { rowWriter } from "../data/written/row-writer.js";
import { formatOf, tableFormats } from "../data/written/written-rows.js";
import type { Running } from "../flags/define.js";
import { withRegression } from "../regression/open-regression.js";
import { widthOf } from "../regression/table-regression.js";
import type { ScoreFlags } from "../scores/score-flags.js";
import { FALSE_ALARMS, reachable } from "../scores/score-threshold.js";
import { openEncodedTable } from "../tables/read-rows.js";
import { countOf, formatCount } from "../ui/format.js";
import { followRows } from "./follow-rows.js";
import { seriesScorer } from "./score-series.js";

/** Rows that are scored at once. */
const AT_ONCE = 1024;

/** `flowify score` of a run whose rows follow each other in time: of a file, or of rows as they come on standard input. */
export async function scoreSeries(
  { host, terminal }: Running,
  { follow = false, window, falseAlarms = FALSE_ALARMS, reasons = 0, where, out, ...flags }: ScoreFlags,
  folder: string,
  files: readonly string[],
): Promise<void> {
  if (files.length > 1 || (follow && files.length > 0))
    throw new UsageError(
      follow
        ? "--follow reads rows from standard input\nleave the file out"
        : "rows that follow each other in time stand in one file\nname one of them",
    );
  const file = follow ? undefined : out;
  const format = tableFormat(
    { format: flags.format ?? formatOf(out, tableFormats), out: file },
    "scored",
    "a file of whole rows",
  );
  await withRegression(folder, flags, terminal, async (model, document) => {
    if (!document.schema.order)
      throw new UsageError(
        `${folder} predicts columns of single rows, expected a run of flowify train --time\nflowify predict writes log p of such rows`,
      );
    const scorer = seriesScorer(model, document, { falseAlarms, reasons, window });
    reachable(scorer.calibration, falseAlarms, terminal);
    await writeOutput(out, host.stdout, async (write) => {
      const writer = rowWriter(format, scorer.columns, write);
      if (follow) {
        const lines = createInterface({ input: process.stdin });
        for await (const cells of followRows(document, scorer, lines, terminal.warn))
          await writer.add([cells]);
      } else {
        const name = files[0] ?? document.data.name;
        await keepNamedInput([name]);
        const rows = await openEncodedTable(name, { ...document, where, warn: terminal.warn });
        const { rows: encoded, names, series } = await rows.all();
        const width = widthOf(document);
        for (let from = 0; from < names.length; from += AT_ONCE) {
          const called = names.slice(from, from + AT_ONCE);
          const block = encoded.subarray(from * width, (from + called.length) * width);
          await writer.add(await scorer.score(block, called, series.slice(from)));
        }
      }
      await writer.end();
    });
    const { count, flagged, changes } = scorer.said();
    const found = changes.map(({ series, since }) => `${series === "" ? "" : `: ${series}`} since ${since}`);
    const change = found.length === 0 ? "no change" : `rows have changed${listFirst(found)}`;
    terminal.note(
      `${countOf(count, "row")}, ${formatCount(flagged)} flagged at false alarms of ${falseAlarms}; ${change}${out === undefined ? "" : `; scores: ${out}`}`,
    );
  });
}
