import type { ReconstructFlags } from "../actions/reconstruct.js";
import { buildCommand } from "../flags/build-command.js";
import { nonEmpty, wholeNumber } from "../flags/parsers.js";
import { commonFlags, imagesFlags, runFolder, seedFlag } from "../flags/shared.js";
import type { CliContext } from "../ui/context.js";

const { limit: _, ...whichImages } = imagesFlags;

export const reconstructCommand = buildCommand<ReconstructFlags, [string], CliContext>({
  loader: async () => (await import("../actions/reconstruct.js")).reconstruct,
  parameters: {
    positional: { kind: "tuple", parameters: [runFolder] },
    flags: {
      ...whichImages,
      count: {
        kind: "parsed",
        parse: wholeNumber(1),
        optional: true,
        placeholder: "N",
        brief: "Reconstruct the first N images (default: 15)",
      },
      seed: seedFlag("Seed of the noise (default: 0)"),
      out: {
        kind: "parsed",
        parse: nonEmpty,
        optional: true,
        placeholder: "FILE",
        brief: "PNG file (default: reconstructions.png in the run's folder)",
      },
      ...commonFlags,
    },
    aliases: { n: "count", o: "out", q: "quiet" },
  },
  docs: {
    brief: "Encode images and decode them again",
    fullDescription: `Shows what a run keeps of an image. Writes a labelled PNG of three rows: the originals, their
reconstructions with every dropped coordinate at its mean, and reconstructions with dropped
coordinates sampled.

EXAMPLES
  flowify reconstruct runs/a
  flowify reconstruct runs/a --split train --count 8 --out kept.png`,
  },
});
