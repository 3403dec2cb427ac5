import type { DecodeFlags } from "../actions/decode.js";
import { buildCommand } from "../flags/build-command.js";
import { nonEmpty, positiveNumber, wantedResults, wholeNumber } from "../flags/parsers.js";
import { commonFlags, runFolder, seedFlag } from "../flags/shared.js";
import type { CliContext } from "../ui/context.js";

const text = (placeholder: string, brief: string) =>
  ({ kind: "parsed", parse: nonEmpty, optional: true, placeholder, brief }) as const;

const count = (brief: string) =>
  ({ kind: "parsed", parse: wholeNumber(1), optional: true, placeholder: "N", brief }) as const;

export const decodeCommand = buildCommand<DecodeFlags, [string], CliContext>({
  loader: async () => (await import("../actions/decode.js")).decode,
  parameters: {
    positional: { kind: "tuple", parameters: [runFolder] },
    flags: {
      logits: {
        kind: "parsed",
        parse: wantedResults,
        optional: true,
        placeholder: "PLACE:VALUE,…",
        brief: "Wanted outputs by place; an image is moved until the network outputs them",
      },
      like: text("IMAGE", "Request the outputs of the network for this picture"),
      count: count("Number of preimages (default: 64)"),
      columns: count("Preimages per row of the picture (default: 8)"),
      seed: seedFlag("Seed of the samples (default: 0)"),
      temperature: {
        kind: "parsed",
        parse: positiveNumber({ zero: true }),
        optional: true,
        placeholder: "T",
        brief: "Factor on the standard deviation of the noise (default: 1)",
      },
      out: text("FILE", "PNG file (default: preimages.png in the run's folder)"),
      ...commonFlags,
    },
    aliases: { n: "count", o: "out", q: "quiet" },
  },
  docs: {
    brief: "Sample inputs for which a pretrained network has the same outputs",
    fullDescription: `For a run of flowify train --from. Samples inputs for which the pretrained network has the same
outputs (logits). They show what the network ignores.

Each sample of the learned inverse is moved by the shortest way to a point where the network has
exactly these outputs. If there is no such way, the input comes from the reference image instead,
and is moved as far as the outputs stay the same.

A picture holds integers from 0 to 255, so the network then runs on the rounded inputs too. An input
is reached if the outputs of its picture differ from the requested ones by at most 5 % of the
largest. The command prints how many are reached and how far the others are, before and after
rounding. The PNG file shows the reached inputs; if there are none, all of them, the nearest first.

EXAMPLES
  flowify decode runs/a --logits 9:10
  flowify decode runs/a --like digit.png --count 16 --columns 4 --out preimages.png`,
  },
});
