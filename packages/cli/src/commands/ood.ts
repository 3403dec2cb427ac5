import type { OodFlags } from "../actions/ood.js";
import type { CliContext } from "../context.js";
import { buildCommand } from "./build-command.js";
import { nonEmpty, wholeNumber } from "./parsers.js";
import { commonFlags, readingParameters, runFolder, seedFlag } from "./shared.js";

const count = (brief: string) =>
  ({ kind: "parsed", parse: wholeNumber(1), optional: true, placeholder: "N", brief }) as const;

export const oodCommand = buildCommand<OodFlags, [string, string, ...string[]], CliContext>({
  loader: async () => (await import("../actions/ood.js")).ood,
  parameters: {
    positional: {
      kind: "array",
      parameter: { parse: nonEmpty, placeholder: "DIR DATA", brief: `${runFolder.brief}, then data sets` },
      minimum: 2,
    },
    flags: {
      samples: count("Draws of the forward noise an image (default: 1)"),
      limit: count("Only the first N images of each data set"),
      ...readingParameters,
      seed: seedFlag("Decides the noise (default: 0)"),
      out: {
        kind: "parsed",
        parse: nonEmpty,
        optional: true,
        placeholder: "FILE",
        brief: "PNG file of the histogram (default: ood.png in the run's folder)",
      },
      ...commonFlags,
    },
    aliases: { o: "out", q: "quiet" },
  },
  docs: {
    brief: "Tell the images of other data sets from a run's own",
    fullDescription: `Scores the test images of the run's data set and those of others, and says how well a score tells them
apart: the area under the ROC curve (AUROC), the chance that an image of the other set has the higher
score of two. 1 tells them apart, 0.5 tells nothing; below 0.5 the strange ones look more at home.

  -log p      the less likely, the stranger: the plain likelihood, which flows are known to fail with
  typicality  the further -log p is from what it is for the training images on average, on either
              side, the stranger (Nalisnick et al. 2019, arXiv:1906.02994, of single images)

DATA is a name or the path of a folder or file of images; a histogram of all is written as PNG.

EXAMPLES
  flowify ood runs/mnist-fmlp fashion-mnist
  flowify ood runs/mnist-fmlp fashion-mnist kmnist ./notmnist --limit 2000 --json`,
  },
});
