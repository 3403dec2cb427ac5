import type { EvaluateFlags } from "../actions/evaluate.js";
import type { CliContext } from "../context.js";
import { buildCommand } from "./build-command.js";
import { wholeNumber } from "./parsers.js";
import { commonFlags, imagesFlags, runFolder, seedFlag } from "./shared.js";

export const evaluateCommand = buildCommand<EvaluateFlags, [string], CliContext>({
  loader: async () => (await import("../actions/evaluate.js")).evaluate,
  parameters: {
    positional: { kind: "tuple", parameters: [runFolder] },
    flags: {
      ...imagesFlags,
      samples: {
        kind: "parsed",
        parse: wholeNumber(1),
        optional: true,
        placeholder: "K",
        brief: "Draws of the forward noise an image; more tighten the bound (default: 1)",
      },
      batch: {
        kind: "parsed",
        parse: wholeNumber(1),
        optional: true,
        placeholder: "N",
        brief: "Images a call; changes the speed only (default: 250)",
      },
      seed: seedFlag("Decides the noise (default: 0)"),
      ...commonFlags,
    },
    aliases: { q: "quiet" },
  },
  docs: {
    brief: "Measure a run's bits per dimension on images",
    fullDescription: `Computes the mean log-likelihood of images under a trained run: in bits per dimension
(-log p(x) / (n ln 2), dequantization included), with its standard error over the images, and
the ledger of what every layer contributed. The ledger with the base sums to the total. Then it says
what the number means: dequantization, dimensions, exact or bound, errors over images and samples.

--json prints one document:
  { bpd, samples, examples, dataset, split, hash, dequantization: { layer, levels }, dimensions, nats,
    exact, stdErr, stdErrOfSamples, ledger: [{ layer, nats, bpd, exact }] }

EXAMPLES
  flowify evaluate runs/a                   the 10,000 test images
  flowify evaluate runs/a --json | jq .bpd
  flowify evaluate runs/a --samples 16      a tighter bound, 16 samples an image`,
  },
});
