import type { SampleFlags } from "../actions/sample.js";
import type { CliContext } from "../context.js";
import { buildCommand } from "./build-command.js";
import { nonEmpty, positiveNumber, wholeNumber } from "./parsers.js";
import { commonFlags, runFolder, seedFlag } from "./shared.js";

export const sampleCommand = buildCommand<SampleFlags, [string], CliContext>({
  loader: async () => (await import("../actions/sample.js")).sample,
  parameters: {
    positional: { kind: "tuple", parameters: [runFolder] },
    flags: {
      count: {
        kind: "parsed",
        parse: wholeNumber(1),
        optional: true,
        placeholder: "N",
        brief: "Images to draw (default: 150)",
      },
      columns: {
        kind: "parsed",
        parse: wholeNumber(1),
        optional: true,
        placeholder: "N",
        brief: "Images a row (default: 15)",
      },
      seed: seedFlag("Decides what is drawn (default: 0)"),
      temperature: {
        kind: "parsed",
        parse: positiveNumber({ zero: true }),
        optional: true,
        placeholder: "T",
        brief: "Factor on the base's standard deviation; below 1 the likelier images (default: 1)",
      },
      mode: {
        kind: "enum",
        values: ["sample", "deterministic"],
        optional: true,
        brief: "Draw what the layers dropped, or set its noises to their mean (default: sample)",
      },
      out: {
        kind: "parsed",
        parse: nonEmpty,
        optional: true,
        placeholder: "FILE",
        brief:
          "PNG file, of rows .csv or .npy (default: samples.png, of rows samples.csv, in the run's folder)",
      },
      ...commonFlags,
    },
    aliases: { n: "count", o: "out", q: "quiet" },
  },
  docs: {
    brief: "Draw images or rows from a run",
    fullDescription: `Draws from the base and runs the flow backwards; writes a labelled grid of images as PNG, rows of numbers
as CSV or as a NumPy file.

EXAMPLES
  flowify sample runs/a
  flowify sample runs/a --count 40 --columns 10 --temperature 0.7 --out digits.png
  flowify sample runs/table --count 1000 --out rows.npy`,
  },
});
