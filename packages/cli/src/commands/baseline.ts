import type { BaselineFlags } from "../actions/baseline.js";
import { buildCommand } from "../flags/build-command.js";
import { nonEmpty, wholeNumber } from "../flags/parsers.js";
import { commonFlags, imagesFlags, readingParameters, seedFlag } from "../flags/shared.js";
import type { CliContext } from "../ui/context.js";

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
      seed: seedFlag("Seed of the noise that dequantizes images for the Gaussian (default: 0)"),
      ...commonFlags,
    },
    aliases: { q: "quiet" },
  },
  docs: {
    brief: "Measure trivial baselines on a data set",
    fullDescription: `Fits trivial densities to the training images of a data set and measures them on its test
images. A trained flow should beat them all. Compare every result with these numbers.
Histograms see the bytes as they are. Where most pixels are black, as in MNIST, they are hard
to beat: a flow has to represent that spike by a density.

  uniform                  all values of a pixel are equally likely: exactly 8
  histogram                independent pixels, one histogram for all of them
  histogram of each pixel  independent pixels, each with its own histogram
  Gaussian                 one Gaussian with a full covariance, on dequantized images

Rows of numbers (.npy, .npz) are measured in nats per row: independent columns that are uniform,
Gaussian or follow a histogram, and one Gaussian with a full covariance. A constant column counts
as 1 wide. Columns of tables whose values lie on a grid, such as whole numbers, decimals and
categories, have probabilities of these values, as with flowify train. A Gaussian is then a bound.

--json prints one document:
  { dataset, split, hash, examples, baselines: [{ name, bpd, stdErr, exact }] }; for rows nll replaces bpd

EXAMPLES
  flowify baseline
  flowify baseline --data fashion-mnist --json
  flowify baseline --data sensors.npy`,
  },
});
