import type { ReportFlags } from "../actions/report.js";
import { buildCommand } from "../flags/build-command.js";
import { nonEmpty, probability } from "../flags/parsers.js";
import { commonFlags, runFolder, whereFlag } from "../flags/shared.js";
import type { CliContext } from "../ui/context.js";

export const reportCommand = buildCommand<ReportFlags, [string, ...string[]], CliContext>({
  loader: async () => (await import("../actions/report.js")).report,
  parameters: {
    positional: {
      kind: "array",
      parameter: { parse: nonEmpty, placeholder: "DIR", brief: runFolder.brief },
      minimum: 1,
    },
    flags: {
      data: {
        kind: "parsed",
        parse: nonEmpty,
        optional: true,
        placeholder: "FILE",
        brief:
          "For a run of a table: another file, whose rows are judged and compared with the training rows",
      },
      where: whereFlag,
      falseAlarms: {
        kind: "parsed",
        parse: probability,
        optional: true,
        placeholder: "P",
        brief: "For a run of a table: share of ordinary rows that is flagged (default: 0.01)",
      },
      out: {
        kind: "parsed",
        parse: nonEmpty,
        optional: true,
        placeholder: "FOLDER",
        brief: "Folder for report.html and report.json (default: the folder of the first run)",
      },
      json: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Also print report.json to standard output",
      },
      device: commonFlags.device,
      threads: commonFlags.threads,
    },
    aliases: { o: "out" },
  },
  docs: {
    brief: "Write an HTML report about runs",
    fullDescription: `Writes report.html, a self-contained page. It shows the training curves of all runs in one chart, and for each run
its ledger now and over time, samples, reconstructions and configuration. report.json holds the same
numbers.

For a run of a table, the page also shows the distribution of scores, the calibration of the p-values
and the most unlikely rows with the columns to blame. Pairs of columns have the density as contours,
and generated rows stand beside training rows. --data FILE judges the rows of another file. It tests
which columns differ from the training rows.

EXAMPLES
  flowify report runs/mnist-fmlp
  flowify report runs/a runs/b runs/c --out compared
  flowify report runs/payments --data june.csv --out june`,
  },
});
