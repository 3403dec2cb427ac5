import type { ExplainFlags } from "../actions/explain.js";
import { buildCommand } from "../flags/build-command.js";
import { nonEmpty } from "../flags/parsers.js";
import { commonFlags, imagesFlags, runFolder, seedFlag } from "../flags/shared.js";
import type { CliContext } from "../ui/context.js";

export const explainCommand = buildCommand<ExplainFlags, [string, string], CliContext>({
  loader: async () => (await import("../actions/explain.js")).explain,
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [runFolder, { parse: nonEmpty, placeholder: "IMAGE", brief: "A picture file" }],
    },
    flags: { ...imagesFlags, seed: seedFlag("Seed of the noise (default: 0)"), ...commonFlags },
    aliases: { q: "quiet" },
  },
  docs: {
    brief: "Show which layers make an image unlikely",
    fullDescription: `Compares the ledger of one image with the ledgers of other images, by default 1,000 test images of
the run. For each layer it prints the contribution in bits per dimension, the average
contribution, and the distance between them in standard deviations.

EXAMPLES
  flowify explain runs/a digit.png
  flowify explain runs/a shoe.png --split train --limit 200`,
  },
});
