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
        brief: "Folder for report.html and report.json (default: that of the first run)",
      },
      json: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "What report.json holds, on standard output as well",
      },
    },
    aliases: { o: "out" },
  },
  docs: {
    brief: "Write a page about runs: curves, ledgers, pictures",
    fullDescription: `Writes report.html, one page without anything from elsewhere (curves of all runs in one chart, and for each run
its ledger now and over time, samples, reconstructions and configuration), and report.json with the same numbers.

EXAMPLES
  flowify report runs/mnist-fmlp
  flowify report runs/a runs/b runs/c --out compared`,
  },
});
