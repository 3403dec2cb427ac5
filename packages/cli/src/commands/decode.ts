import type { DecodeFlags } from "../actions/decode.js";
import type { CliContext } from "../context.js";
import { buildCommand } from "./build-command.js";
import { nonEmpty, positiveNumber, wantedResults, wholeNumber } from "./parsers.js";
import { commonFlags, runFolder, seedFlag } from "./shared.js";

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
        brief: "Results to ask for; the others are those of an image that is led to these",
      },
      like: text("IMAGE", "Ask for what the network gives for this image, a picture file"),
      count: count("ExamplePreimages to draw (default: 64)"),
      columns: count("ExamplePreimages a row (default: 8)"),
      seed: seedFlag("Decides what is drawn (default: 0)"),
      temperature: {
        kind: "parsed",
        parse: positiveNumber({ zero: true }),
        optional: true,
        placeholder: "T",
        brief: "Factor on the standard deviation of what is drawn (default: 1)",
      },
      out: text("FILE", "PNG file (default: preimages.png in the run's folder)"),
      ...commonFlags,
    },
    aliases: { n: "count", o: "out", q: "quiet" },
  },
  docs: {
    brief: "Draw inputs that a given network maps to the same results",
    fullDescription: `For a run of flowify train --from: draws inputs again and again that the given network maps to these
results (logits), which is what the network does not see. Each draw of the learnt inverse is moved
the short way to where the network gives exactly that. A draw from which no way leads there is come to
from the image, as far as the results stay; how many there are of either kind is said. The original
file is run on all of them in ONNX Runtime.

The numbers are of the inputs as drawn. A picture holds whole numbers from 0 to 255, so what the
network gives for the pictures is said as well.

EXAMPLES
  flowify decode runs/a --logits 9:10
  flowify decode runs/a --like digit.png --count 16 --columns 4 --out preimages.png`,
  },
});
