import type { OodFlags } from "../actions/ood.js";
import { buildCommand } from "../flags/build-command.js";
import { nonEmpty, wholeNumber } from "../flags/parsers.js";
import { commonFlags, readingParameters, runFolder, seedFlag } from "../flags/shared.js";
import type { CliContext } from "../ui/context.js";

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
      samples: count("Samples of the noise per image (default: 1)"),
      limit: count("Only the first N images of each data set"),
      ...readingParameters,
      seed: seedFlag("Seed of the noise (default: 0)"),
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
    brief: "Detect out-of-distribution images",
    fullDescription: `Scores the test images of the run's data set and those of other data sets. It prints how well each
score separates them: the area under the ROC curve (AUROC), the probability that an image of the other set
has the higher score. 1 separates them perfectly, 0.5 not at all; below 0.5 the other images score
as more typical.

  -log p      unlikely images score high; flows are known to fail with this score alone
  typicality  the distance of -log p from its mean over the training images, in either
              direction (Nalisnick et al. 2019, arXiv:1906.02994, for single images)

DATA is a name or the path of a folder or file of images. ood.png shows a histogram of all scores.

EXAMPLES
  flowify ood runs/mnist-fmlp fashion-mnist
  flowify ood runs/mnist-fmlp fashion-mnist kmnist ./notmnist --limit 2000 --json`,
  },
});
