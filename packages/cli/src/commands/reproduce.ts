import type { ReproduceFlags } from "../actions/reproduce.js";
import { buildCommand } from "../flags/build-command.js";
import { nonEmpty } from "../flags/parsers.js";
import { commonFlags, imagesFlags, runFolder } from "../flags/shared.js";
import type { CliContext } from "../ui/context.js";

export const reproduceCommand = buildCommand<ReproduceFlags, [string], CliContext>({
  loader: async () => (await import("../actions/reproduce.js")).reproduce,
  parameters: {
    positional: { kind: "tuple", parameters: [runFolder] },
    flags: {
      dataDir: imagesFlags.dataDir,
      out: {
        kind: "parsed",
        parse: nonEmpty,
        optional: true,
        placeholder: "DIR",
        brief: "Folder for the new run (default: a temporary folder, removed at the end)",
      },
      ...commonFlags,
    },
    aliases: { o: "out", q: "quiet" },
  },
  docs: {
    brief: "Train a run again and compare every figure",
    fullDescription: `Checks that the data are those of the run, trains it again from its configuration, and compares every
line of the metrics. The lines must be identical if versions, processor and threads are the same, and agree
to a thousandth otherwise. flowify uses as many threads as the run did (see config.json), because another
number of threads changes the order of sums; --threads overrides it.
A finished run is compared to its end, an unfinished one as far as it got. Exit status 1 means that they differ.

--json prints one document:
  { run, equal, exact, lines, differences: [{ step, field, before, now }], environment: [...] }

EXAMPLES
  flowify reproduce runs/mnist-fmlp`,
  },
});
