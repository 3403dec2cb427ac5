import type { SampleFlags } from "../actions/sample-flags.js";
import { buildCommand } from "../flags/build-command.js";
import { nonEmpty, positiveNumber, wholeNumber } from "../flags/parsers.js";
import { commonFlags, runFolder, seedFlag } from "../flags/shared.js";
import { hideable, sheets } from "../sheets/sheet-names.js";
import type { CliContext } from "../ui/context.js";

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
        brief: "Number of samples (default: 150)",
      },
      columns: {
        kind: "parsed",
        parse: wholeNumber(1),
        optional: true,
        placeholder: "N",
        brief: "Images per row of the grid (default: 15)",
      },
      seed: seedFlag("Seed of the samples (default: 0)"),
      temperature: {
        kind: "parsed",
        parse: positiveNumber({ zero: true }),
        optional: true,
        placeholder: "T",
        brief:
          "Factor on the standard deviation of the base; values below 1 give more likely images (default: 1)",
      },
      mode: {
        kind: "enum",
        values: ["sample", "deterministic"],
        optional: true,
        brief: "Sample dropped coordinates, or set their noise to its mean (default: sample)",
      },
      sheet: {
        kind: "enum",
        values: sheets,
        optional: true,
        brief: "Content of the picture (default: samples)",
      },
      hide: {
        kind: "enum",
        values: hideable,
        optional: true,
        brief: "With --sheet inpainting: the half of the images to hide (default: bottom)",
      },
      given: {
        kind: "parsed",
        parse: nonEmpty,
        variadic: true,
        optional: true,
        placeholder: "COLUMN=VALUE",
        brief: "For a table: sample rows with this value in a column; may be given for several columns",
      },
      privacy: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "For a table: compare distances to the nearest training row with those of held-out rows",
      },
      out: {
        kind: "parsed",
        parse: nonEmpty,
        optional: true,
        placeholder: "FILE",
        brief:
          "PNG file; for rows .csv, .jsonl, .parquet or .npy (default: samples.png or samples.csv in the run's folder)",
      },
      ...commonFlags,
    },
    aliases: { n: "count", o: "out", q: "quiet" },
  },
  docs: {
    brief: "Sample images or rows from a run",
    fullDescription: `Samples from the base distribution and runs the flow backwards. Writes images as a labelled grid (PNG), and rows
as CSV, JSON lines, Parquet or NumPy file. Rows of a table have its own types: categories, whole numbers, dates, missing
values.

Rows are written in blocks, so any number of them needs the same memory. After a kill, the same command continues. Several
processes share the rows: mpirun -n 4 flowify sample …. The file has the same bytes in each case.

--given samples rows of a table that hold a value, by importance resampling. It prints the effective sample size: the
number of independent rows that the result is worth. These rows are held in memory, in one process.

--sheet chooses another picture:
  temperatures   the same noise at temperatures 0.6 to 1, one row each
  interpolation  pairs of test images, and decoded latents between them
  layers         one sample, and the dropped coordinates of each layer sampled again: the scale that each layer controls
  inpainting     test images with a half hidden, and draws of that half given the other: 200 steps of Langevin chains

EXAMPLES
  flowify sample runs/a
  flowify sample runs/a --count 40 --columns 10 --temperature 0.7 --out digits.png
  flowify sample runs/a --sheet layers --columns 12
  flowify sample runs/a --sheet inpainting --hide left
  flowify sample runs/sensors --count 1000 --out rows.npy
  flowify sample runs/parcels --count 1000 --out rows.parquet --privacy
  flowify sample runs/parcels --count 1e7 --out rows.parquet
  flowify sample runs/parcels --given carrier=air --given weight=12 --out heavy.csv`,
  },
});
