import type { ScoreFlags } from "../actions/score.js";
import type { CliContext } from "../context.js";
import { buildCommand } from "./build-command.js";
import { nonEmpty, wholeNumber } from "./parsers.js";
import { commonFlags, imagesFlags, runFolder, seedFlag } from "./shared.js";

export const scoreCommand = buildCommand<ScoreFlags, [string, ...string[]], CliContext>({
  loader: async () => (await import("../actions/score.js")).score,
  parameters: {
    positional: {
      kind: "array",
      parameter: { parse: nonEmpty, placeholder: "DIR FILE", brief: `${runFolder.brief}, then images` },
      minimum: 1,
    },
    flags: {
      ...imagesFlags,
      samples: {
        kind: "parsed",
        parse: wholeNumber(1),
        optional: true,
        placeholder: "K",
        brief: "Draws of the forward noise an image; more tighten the bound (default: 1)",
      },
      ledger: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "What every layer contributes as well, nats",
      },
      format: {
        kind: "enum",
        values: ["csv", "jsonl"],
        optional: true,
        brief: "A table, or one JSON object a line (default: csv)",
      },
      out: {
        kind: "parsed",
        parse: nonEmpty,
        optional: true,
        placeholder: "FILE",
        brief: "File for the scores (default: standard output)",
      },
      seed: seedFlag("Decides the noise (default: 0)"),
      device: commonFlags.device,
      threads: commonFlags.threads,
      quiet: commonFlags.quiet,
    },
    aliases: { o: "out", q: "quiet" },
  },
  docs: {
    brief: "Score images one by one",
    fullDescription: `Writes log p(x) in nats and bits per dimension of every image: of all that is named, or without
anything named of the test images of the run's own data. FILE is a picture, or whatever --data of
flowify train takes: a folder or archive of pictures, an array, an idx file, the name of a data set.
Where data have splits of their own, it is the test images; --data with --split chooses others.
Pictures and idx files are read and scored one after the other, any number of them in the same memory.

Columns: image, log_prob, bpd (of rows of numbers row, log_prob and nll, −log p in nats), with --samples K > 1 std_err (of the bound, over the draws, nats),
with --ledger one for every layer and the base.

EXAMPLES
  flowify score runs/a digit.png other.png
  flowify score runs/a new.npy ~/photographs
  flowify score runs/a t10k-images-idx3-ubyte.gz --ledger --out scores.csv
  flowify score runs/a --split train --limit 1000 --format jsonl`,
  },
});
