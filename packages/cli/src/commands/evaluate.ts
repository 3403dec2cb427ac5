import type { EvaluateFlags } from "../actions/evaluate-flags.js";
import { buildCommand } from "../flags/build-command.js";
import { nonEmpty, positiveNumber, wholeNumber } from "../flags/parsers.js";
import { commonFlags, imagesFlags, normalizeFlag, runFolder, seedFlag } from "../flags/shared.js";
import type { CliContext } from "../ui/context.js";

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
      quality: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Also compare samples with real images, as a classifier sees them",
      },
      judge: {
        kind: "parsed",
        parse: nonEmpty,
        variadic: true,
        optional: true,
        placeholder: "FILE.onnx",
        brief: "Classifier for --quality; may be repeated (default: one trained on the labels of the data)",
      },
      normalize: normalizeFlag,
      temperature: {
        kind: "parsed",
        parse: positiveNumber(),
        optional: true,
        placeholder: "T",
        brief: "Temperature of the samples of --quality (default: 1)",
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

--quality also samples 1,000 images and compares them with 1,000 real ones. A classifier yields the
Fréchet distance of its logits, precision and recall, and the share of samples that it recognizes with
a probability above 0.9. The distance to the nearest training image shows whether samples are copies.
The same figures for other real images show the best possible values. quality.json and
nearest.png in the run's folder keep the result.

--json prints one document:
  { bpd, samples, examples, dataset, split, hash, dequantization: { layer, levels }, dimensions, nats,
    exact, stdErr, stdErrOfSamples, ledger: [{ layer, nats, bpd, exact }] }

EXAMPLES
  flowify evaluate runs/a                   the 10,000 test images
  flowify evaluate runs/a --json | jq .bpd
  flowify evaluate runs/a --quality         the quality of the samples as well
  flowify evaluate runs/a --quality --judge classifier.onnx
  flowify evaluate runs/a --samples 16      a tighter bound from 16 samples per image`,
  },
});
