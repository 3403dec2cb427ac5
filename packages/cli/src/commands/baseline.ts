import type { BaselineFlags } from "../actions/baseline.js";
import type { CliContext } from "../context.js";
import { buildCommand } from "./build-command.js";
import { nonEmpty, wholeNumber } from "./parsers.js";
import { commonFlags, imagesFlags, readingParameters, seedFlag } from "./shared.js";

export const baselineCommand = buildCommand<BaselineFlags, [], CliContext>({
  loader: async () => (await import("../actions/baseline.js")).baseline,
  parameters: {
    positional: { kind: "tuple", parameters: [] },
    flags: {
      data: {
        kind: "parsed",
        parse: nonEmpty,
        optional: true,
        placeholder: "NAME",
        brief: "Data set, or the path of a folder or file of images or rows (default: mnist)",
      },
      dataDir: imagesFlags.dataDir,
      ...readingParameters,
      limit: {
        kind: "parsed",
        parse: wholeNumber(1),
        optional: true,
        placeholder: "N",
        brief: "Only the first N training images",
      },
      seed: seedFlag("Decides the noise of the Gaussian's dequantization (default: 0)"),
      ...commonFlags,
    },
    aliases: { q: "quiet" },
  },
  docs: {
    brief: "Bits per dimension of models that know next to nothing",
    fullDescription: `What a number of bits per dimension is worth: fits the simplest densities to the training images of a data
set and measures them on its test images. A flow that learns beats the Gaussian at once. Histograms are of
the bytes as they are: where most pixels are black, as in MNIST, they are hard to beat, since a flow has
to find that spike in a density.

  uniform                  every value of a pixel alike: exactly 8
  histogram                pixels drawn independently from one histogram
  histogram of each pixel  pixels drawn independently, each from its own
  Gaussian                 one Gaussian with all covariances, of dequantized images

Rows of numbers (.npy, .npz) are measured in nats per row: every column uniform, Gaussian, or with a
histogram, independent of the others; and one Gaussian with all covariances. Constant columns count
as 1 wide.

--json prints one document:
  { dataset, split, hash, examples, baselines: [{ name, bpd, stdErr, exact }] }, of rows nll in place of bpd

EXAMPLES
  flowify baseline
  flowify baseline --data fashion-mnist --json
  flowify baseline --data sensors.npy`,
  },
});
