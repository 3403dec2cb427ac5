import type { CliContext } from "../context.js";
import { buildCommand } from "./build-command.js";
import { wholeNumber } from "./parsers.js";
import {
  type CommonFlags,
  commonFlags,
  type ImagesFlags,
  imagesFlags,
  runFolder,
  seedFlag,
} from "./shared.js";

export type EvaluateFlags = CommonFlags & ImagesFlags & { samples?: number; batch?: number; seed?: number };

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
        brief: "Samples of the noise per image; more of them tighten the bound (default: 1)",
      },
      batch: {
        kind: "parsed",
        parse: wholeNumber(1),
        optional: true,
        placeholder: "N",
        brief: "Images per call; affects only the speed (default: 250)",
      },
      seed: seedFlag("Seed of the noise (default: 0)"),
      ...commonFlags,
    },
    aliases: { q: "quiet" },
  },
  docs: {
    brief: "Measure the bits per dimension of a run on images",
    fullDescription: `Computes the mean log-likelihood of images under a trained run, in bits per dimension
(-log p(x) / (n ln 2), dequantization included). It prints the standard error over the images
and the ledger: the contribution of every layer. The ledger and the base sum to the total.
A summary follows: dequantization, dimensions, exact or bound, errors over images and samples.

--json prints one document:
  { bpd, samples, examples, dataset, split, hash, dequantization: { layer, levels }, dimensions, nats,
    exact, stdErr, stdErrOfSamples, ledger: [{ layer, nats, bpd, exact }] }

EXAMPLES
  flowify evaluate runs/a                   the 10,000 test images
  flowify evaluate runs/a --json | jq .bpd
  flowify evaluate runs/a --samples 16      a tighter bound from 16 samples per image`,
  },
});
