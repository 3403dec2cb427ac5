import type { ReportFlags } from "../actions/report.js";
import type { CliContext } from "../context.js";
import { buildCommand } from "./build-command.js";
import { nonEmpty } from "./parsers.js";
import { runFolder } from "./shared.js";

export const reportCommand = buildCommand<ReportFlags, [string, ...string[]], CliContext>({
  loader: async () => (await import("../actions/report.js")).report,
  parameters: {
    positional: {
      kind: "array",
      parameter: { parse: nonEmpty, placeholder: "DIR", brief: runFolder.brief },
      minimum: 1,
    },
    flags: {
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
    },
    aliases: { o: "out" },
  },
  docs: {
    brief: "Write an HTML report about runs",
    fullDescription: `Writes report.html, a self-contained page. It shows the training curves of all runs in one chart, and for each run
its ledger now and over time, samples, reconstructions and configuration. report.json holds the same
numbers.

EXAMPLES
  flowify report runs/mnist-fmlp
  flowify report runs/a runs/b runs/c --out compared`,
  },
});
