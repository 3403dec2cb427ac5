import type { ScoreFlags } from "../actions/score.js";
import { tableFormats } from "../data/written/formats.js";
import { scoreKinds } from "../detect/score-kinds.js";
import { buildCommand } from "../flags/build-command.js";
import { nonEmpty, probability, wholeNumber } from "../flags/parsers.js";
import { commonFlags, idFlag, imagesFlags, runFolder, seedFlag, whereFlag } from "../flags/shared.js";
import type { CliContext } from "../ui/context.js";

export const scoreCommand = buildCommand<ScoreFlags, string[], CliContext>({
  loader: async () => (await import("../actions/score.js")).score,
  parameters: {
    positional: {
      kind: "array",
      parameter: {
        parse: nonEmpty,
        placeholder: "DIR FILE",
        brief: `${runFolder.brief}, then images or rows`,
      },
    },
    flags: {
      run: {
        kind: "parsed",
        parse: nonEmpty,
        optional: true,
        placeholder: "DIR",
        brief: "Folder of the run, in place of the first argument",
      },
      ...imagesFlags,
      id: idFlag,
      where: whereFlag,
      score: {
        kind: "enum",
        values: [...scoreKinds, "likelihood"],
        optional: true,
        brief: "Score of a table's rows, or log p of the run's network (default: combination)",
      },
      falseAlarms: {
        kind: "parsed",
        parse: probability,
        optional: true,
        placeholder: "P",
        brief: "Flag rows of a table so that this share of ordinary rows is flagged (default: 0.01)",
      },
      reasons: {
        kind: "parsed",
        parse: (input: string) => wholeNumber(1)(input || "3"),
        inferEmpty: true,
        optional: true,
        placeholder: "N",
        brief: "Add the N columns to blame for each flagged row of a table, and a repair (without N: 3)",
      },
      fdr: {
        kind: "parsed",
        parse: probability,
        optional: true,
        placeholder: "P",
        brief: "Flag rows of a table so that at most this share of flagged rows is ordinary; reads it twice",
      },
      samples: {
        kind: "parsed",
        parse: wholeNumber(1),
        optional: true,
        placeholder: "K",
        brief: "Samples of the noise per image; more of them tighten the bound (default: 1)",
      },
      ledger: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Add the contribution of every layer, in nats",
      },
      format: {
        kind: "enum",
        values: tableFormats,
        optional: true,
        brief: "A table, one JSON object per line, or Parquet (default: csv, or as --out ends)",
      },
      out: {
        kind: "parsed",
        parse: nonEmpty,
        optional: true,
        placeholder: "FILE",
        brief: "File for the scores (default: standard output)",
      },
      seed: seedFlag("Seed of the noise (default: 0)"),
      device: commonFlags.device,
      threads: commonFlags.threads,
      quiet: commonFlags.quiet,
    },
    aliases: { o: "out", q: "quiet" },
  },
  docs: {
    brief: "Write the log-likelihood of each image or row",
    fullDescription: `Writes log p(x) of every image, in nats and in bits per dimension. Use it to rank images or rows
by how unlikely they are.

FILE is a picture or anything that flowify train --data takes: a folder or archive of
pictures, an array, an idx file, the name of a data set. All of it is scored. Without FILE, the
test images of the run's data are scored; --data and --split choose others.
Pictures and idx files are read one by one, so memory does not grow with their number.

Columns for images: image, log_prob, bpd. Columns for rows of numbers: row, log_prob and nll
(-log p in nats). --samples K > 1 adds std_err, the standard error of the bound in nats.
--ledger adds a column for every layer and for the base.

Runs of tables have a detector: a flow, kernel densities and neighbours combined. Its columns: the id
of the row (--id names the column; without it the number), score, p and flag. The p-value p compares the
score with those of held-out rows: a row like these has p at most P with probability P. Rows with p of
at most --false-alarms are flagged, or with --fdr as many as the Benjamini-Hochberg rule allows.
--score likelihood writes log_prob, nll, p_value and flag of the run's network instead. Tables are read
a block at a time.

Scores of tables with --out FILE are kept in FILE.part until all are written. If the command is killed,
run it again: it continues behind the last recorded row, unless data, run or options have changed.

--reasons N adds, for each flagged row, the N columns to blame with their values, the smallest repair
and the nearest training rows. A column is to blame if its usual values would make the row likelier.
Without N, no FILE may follow: name it by --data.

EXAMPLES
  flowify score runs/a digit.png other.png
  flowify score runs/a new.npy ~/photographs
  flowify score runs/a t10k-images-idx3-ubyte.gz --ledger --out scores.csv
  flowify score runs/a --split train --limit 1000 --format jsonl
  flowify score runs/payments --data june.csv --out scored.csv --false-alarms 0.001
  flowify score runs/payments --data june.csv --out scored.csv --reasons
  flowify score june.csv --run runs/payments --out scored.parquet --fdr 0.1
  zcat june.csv.gz | flowify score runs/payments --data - --where "amount > 100" --out scored.csv`,
  },
});
