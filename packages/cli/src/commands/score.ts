import { existsSync } from "node:fs";
import { bitsPerDimension, DataError, type FlowModel, UsageError } from "@flowify/core";
import { imagesOf, nounOf } from "../data/image-set.js";
import { isPattern } from "../data/table/sources/file-pattern.js";
import { isTable } from "../data/table/sources/open-table.js";
import { keepNamedInput, STANDARD_INPUT } from "../data/table/sources/standard-input.js";
import { tableFormat, writeOutput } from "../data/written/output.js";
import { rowWriter } from "../data/written/row-writer.js";
import type { WrittenColumn } from "../data/written/written-rows.js";
import { idColumn, SCORE_DIGITS } from "../detect/score-columns.js";
import { defineCommand, expectNoData, type Running } from "../flags/define.js";
import { expectNone } from "../flags/flag.js";
import { runFolder, severalArguments } from "../flags/shared.js";
import { valueAt } from "../places.js";
import { rowOf } from "../rows.js";
import type { RunConfig } from "../run-config.js";
import { readRunConfig } from "../runs/config-file.js";
import { holdsRegression } from "../runs/folder.js";
import { type SavedRun, withModel } from "../runs/open-run.js";
import { expectFree, inputsOfRun } from "../runs/outputs.js";
import { remember, sourceOf, type Waiting } from "../scores/examples.js";
import { ledgerJudge } from "../scores/ledger-distance.js";
import { scoresOf } from "../scores/over-classes.js";
import { type ScoreFlags, scoreFlags } from "../scores/score-flags.js";
import { scoreTables } from "../scores/score-table.js";
import { FALSE_ALARMS, type Judge, judgeOf } from "../scores/score-threshold.js";
import { scoreSeries } from "../series/score-run.js";
import { formatBpd, formatCount } from "../ui/format.js";
import { unitOf } from "../unit.js";

export const command = defineCommand({
  positional: severalArguments("DIR FILE", `${runFolder.brief}, then images or rows`),
  flags: scoreFlags,
  writesRows: true,
  help: `Writes log p(x) of every image, in nats and in bits per dimension. Use it to rank images or rows
by how unlikely they are.

FILE is a picture or anything that flowify train --data takes: a folder or archive of
pictures, an array, an idx file, the name of a data set. All of it is scored. Without FILE, the
test images of the run's data are scored; --data and --split choose others.
Pictures and idx files are read one by one, so memory does not grow with their number.

Columns for images: image, log_prob, bpd. Columns for rows of numbers: row, log_prob and nll
(-log p in nats). --samples K > 1 adds std_err, the standard error of the bound in nats.
--false-alarms P adds p_value and flag to images. They compare the ledger of an image with those of 1,000 training
images, and its distance with those of 2,000 test images. An image like these is flagged, with a p_value of at most P, with probability P.
log p alone misses flat images.
--ledger adds a column for every layer and for the base. Where images were learned given their labels,
log p is that of the image without its label: the mean of p over all classes.

Runs of tables have a detector: a flow, kernel densities and neighbours combined. Its columns: the id
of the row (--id names the column; without it the number), score, p and flag. The p-value p compares the
score with those of held-out rows: a row like these has p at most P with probability P. Rows with p of
at most --false-alarms are flagged.
--score likelihood writes log_prob, nll, p_value and flag of the run's network instead. Tables are read
a block at a time.

Scores of tables with --out FILE are kept in FILE.part until all are written. If the command is killed,
run it again: it continues behind the last recorded row, unless data, run or options have changed.

A run of flowify train --time scores a row by -log p given the rows before it. Of several
series each has its own past, and its name stands first. The column evidence is a bet on whether rows have changed. The column changed is 1 once it is won, in vain in at most one of 40 series. With --reasons N the
columns to blame are those of the row itself, with their values and the usual ones.

--reasons N adds, for each flagged row, the N columns to blame with their values, the smallest repair
and the nearest training rows. A column is to blame if its usual values would make the row likelier.
Without N, no FILE may follow: name it by --data.

EXAMPLES
  flowify score runs/a digit.png other.png
  flowify score runs/a new.npy ~/photographs --false-alarms 0.01
  flowify score runs/a t10k-images-idx3-ubyte.gz --ledger --out scores.csv
  flowify score runs/a --split train --limit 1000 --format jsonl
  flowify score runs/payments --data june.csv --out scored.csv --false-alarms 0.001
  flowify score runs/payments --data june.csv --out scored.csv --reasons
  flowify score june.csv --run runs/payments --out scored.parquet
  tail -f pump.csv | flowify score runs/pump --follow --reasons 2
  zcat june.csv.gz | flowify score runs/payments --data - --where "amount > 100" --out scored.csv`,
  run: score,
});

async function score(context: Running, flags: ScoreFlags, ...args: string[]): Promise<void> {
  const [folder, ...files] = flags.run === undefined ? args : [flags.run, ...args];
  if (folder === undefined)
    throw new UsageError("the folder of the run is missing\nfor example flowify score runs/a FILE");
  const {
    host: { stdout },
    terminal,
  } = context;
  const { samples = 1, seed = 0, out } = flags;
  expectNoData(files, flags.data);
  const tables = flags.data === undefined ? files : [flags.data];
  if (out !== undefined)
    expectFree([out], flags, { inputs: [...inputsOfRun(folder), ...tables, flags.dataDir] });
  if (holdsRegression(folder)) {
    expectNone(flags, ofOtherRuns, "is not for a run with --time\nleave it out");
    return scoreSeries(context, flags, folder, tables);
  }
  expectNone(flags, ["follow", "window"], "is for a run of flowify train --time\nleave it out");
  const config = readRunConfig(folder);
  await keepNamedInput(tables);
  expectTables(config, flags, tables);
  if (isForDetector(config, flags, tables)) {
    expectFiles(tables);
    return scoreTables(context, flags, folder, config, tables);
  }
  const format = tableFormat(flags, "scores");
  if (flags.falseAlarms !== undefined && flags.split !== undefined)
    throw new UsageError("--false-alarms and --split exclude each other\nleave --split out");
  const judgeFor = async (model: FlowModel, run: SavedRun): Promise<Judge | undefined> => {
    if (flags.split !== undefined) return undefined;
    if (run.config.data.reading?.schema) return judgeOf(run, flags, folder, terminal);
    const { falseAlarms } = flags;
    return falseAlarms === undefined
      ? undefined
      : ledgerJudge(model, run, { samples, seed, falseAlarms }, terminal);
  };
  await withModel(folder, flags, terminal, async (model, run) => {
    const { ledgerLines, dimensions } = model.flow;
    const { shape } = run.config.data;
    const unit = unitOf(shape);
    const judge = await judgeFor(model, run);
    const number = (name: string): WrittenColumn => ({ name, type: "number", digits: SCORE_DIGITS });
    const fields = [
      ...["log_prob", unit.field].map(number),
      ...(judge ? [number("p_value"), { name: "flag", type: "flag" } as const] : []),
      ...(samples > 1 ? [number("std_err")] : []),
      ...(flags.ledger ? ledgerLines.map(({ layer }) => number(layer)) : []),
    ];
    const schema = flags.split === undefined ? run.config.data.reading?.schema : undefined;
    const head = schema
      ? idColumn(schema, flags.id, fields)
      : { name: nounOf({ shape }, 1), type: "text" as const };
    const waiting: Waiting = { names: [], fillLog: [], sources: [], taken: 0 };
    const source = sourceOf(run, flags, files, terminal);
    let [count, sum, squares, flagged] = [0, 0, 0, 0];
    const most = flags.limit ?? Number.POSITIVE_INFINITY;
    await writeOutput(out, stdout, async (write) => {
      const writer = rowWriter(format, [head, ...fields], write);
      for await (const scores of scoresOf(model, remember(source, waiting, most), { samples, seed })) {
        const names = waiting.names.splice(0, scores.logProb.length);
        const fills = waiting.fillLog.splice(0, scores.logProb.length);
        const allNats = scores.logProb.map((logProb, i) => logProb - valueAt(fills, i));
        const figures = allNats.map((nats) => unit.of({ nats, bpd: bitsPerDimension(nats, dimensions) }));
        const verdicts = await judge?.(figures, scores.ledger);
        const rows = Array.from(figures, (figure, i) => {
          const nats = valueAt(allNats, i);
          const own = rowOf(scores.ledger, i, ledgerLines.length);
          const judged = verdicts ? valueAt(verdicts, i) : [];
          count++;
          flagged += judged[1] ?? 0;
          sum += figure;
          squares += figure * figure;
          const error = scores.stdErr ? [valueAt(scores.stdErr, i)] : [];
          const ledger = flags.ledger ? own : [];
          return [valueAt(names, i), nats, figure, ...judged, ...error, ...ledger];
        });
        await writer.add(rows);
      }
      await writer.end();
    });
    const mean = sum / count;
    const spread = Math.sqrt(Math.max(squares / count - mean * mean, 0) / Math.max(count - 1, 1));
    terminal.note(
      `${formatBpd(mean, spread)} ${unit.name} on ${imagesOf({ count, split: "all", shape })}: ${listed(waiting.sources)}${judge ? `; ${formatCount(flagged)} flagged at false alarms of ${flags.falseAlarms ?? FALSE_ALARMS}` : ""}${out ? `; scores: ${out}` : ""}`,
    );
  });
}

/** Flags that a run whose rows follow each other in time does not take. */
const ofOtherRuns = ["id", "score", "samples", "ledger", "split", "limit"] as const;

/** @throws DataError for a name that is neither a file, nor a pattern, nor standard input */
function expectFiles(names: readonly string[]): void {
  const missing = names.find((name) => name !== STANDARD_INPUT && !isPattern(name) && !existsSync(name));
  if (missing !== undefined) throw new DataError(`${missing}: no such file\ncheck its path`);
}

/** @throws UsageError for --where without a table that it can be applied to, and for --split of another table */
function expectTables({ data }: RunConfig, { where, split }: ScoreFlags, files: readonly string[]): void {
  const schema = data.reading?.schema;
  if (schema && split !== undefined && files.length > 0)
    throw new UsageError(
      "--split chooses rows of the table that the run was trained on\nleave it out, or leave the file out",
    );
  const areTables =
    schema && split === undefined && files.length > 0 && files.every((file) => isTable(file, schema));
  if (where !== undefined && !areTables)
    throw new UsageError(
      "--where is for rows of a table, scored by a run of a table\nname the table by --data, or leave --where out",
    );
}

/**
 * True where the detector of a table judges: whole tables, unless something of the likelihood is asked for.
 *
 * @throws UsageError for flags of the detector where it does not judge
 */
function isForDetector({ data }: RunConfig, flags: ScoreFlags, files: readonly string[]): boolean {
  const { score: kind, reasons, samples = 1, split, ledger = false } = flags;
  const ofLikelihood = kind === "likelihood" || samples > 1 || ledger || split !== undefined;
  const schema = data.reading?.schema;
  if (schema && !ofLikelihood && files.every((file) => isTable(file, schema))) return true;
  const flag = [
    ...(reasons === undefined ? [] : ["--reasons"]),
    ...(kind === undefined || kind === "likelihood" ? [] : ["--score"]),
  ][0];
  if (flag === undefined) return false;
  throw new UsageError(
    `${flag} is for tables that a run of a table scores whole\nleave it out, or leave --split, --samples and --ledger out`,
  );
}

/** Short description of the scored sources. */
const listed = (sources: readonly string[]): string =>
  sources.length <= 3
    ? sources.join(", ")
    : `${sources.slice(0, 2).join(", ")} and ${sources.length - 2} more`;
