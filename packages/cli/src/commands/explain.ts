import type { ExplainFlags } from "../actions/explain.js";
import type { CliContext } from "../context.js";
import { buildCommand } from "./build-command.js";
import { nonEmpty } from "./parsers.js";
import { commonFlags, imagesFlags, runFolder, seedFlag } from "./shared.js";

export const explainCommand = buildCommand<ExplainFlags, [string, string], CliContext>({
  loader: async () => (await import("../actions/explain.js")).explain,
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [runFolder, { parse: nonEmpty, placeholder: "IMAGE", brief: "A picture file" }],
    },
    flags: { ...imagesFlags, seed: seedFlag("Decides the noise (default: 0)"), ...commonFlags },
    aliases: { q: "quiet" },
  },
  docs: {
    brief: "Show which layer finds an image unlikely",
    fullDescription: `The ledger of one image beside that of other images, by default 1,000 test images of the run: what each
layer adds to the bits per dimension, what it adds on average, and by how many standard deviations
the image departs from that.

EXAMPLES
  flowify explain runs/a digit.png
  flowify explain runs/a shoe.png --split train --limit 200`,
  },
});
