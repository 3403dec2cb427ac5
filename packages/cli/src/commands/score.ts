import { existsSync, statSync } from "node:fs";
import { bitsPerDimension, DataError, type Scores, UsageError } from "@flowify/core";
import { csvCell } from "../data/csv-cell.js";
import { isImageFile, readImageFile } from "../data/image-files.js";
import { type DataSet, describeImages, examplesOf, imagesOf, isRowShape, nounOf } from "../data/image-set.js";
import { isDataSet, loadMeasured } from "../data/registry.js";
import { isTable } from "../data/table/open-table.js";
import { isPattern } from "../data/table/sources/file-pattern.js";
import { keepNamedInput, STANDARD_INPUT } from "../data/table/sources/standard-input.js";
import { formatOf, type TableFormat, tableFormats } from "../data/written/formats.js";
import { idHeader } from "../detect/score-columns.js";
import { scoreKinds } from "../detect/score-kinds.js";
import { type Write, writeAtomic } from "../files/atomic.js";
import { defineCommand } from "../flags/define.js";
import { choice, count, type FlagsOf, text, value, yes } from "../flags/flag.js";
import { nonEmpty, probability, wholeNumber } from "../flags/parsers.js";
import {
  commonFlags,
  idFlag,
  imagesFlags,
  readingOf,
  runFolder,
  seedFlag,
  whereFlag,
} from "../flags/shared.js";
import { expectFit } from "../networks/choose.js";
import type { RunConfig } from "../runs/config.js";
import { readRunConfig } from "../runs/config-file.js";
import { expectNotAnInput, expectPlaceFor } from "../runs/folder.js";
import { imagesFor, type SavedRun, usualReading, withModel } from "../runs/open-run.js";
import { FALSE_ALARMS, judgeOf } from "../scores/judge-rows.js";
import { scoreTables } from "../scores/score-table.js";
import { ownTestRows, rowsOfTables } from "../scores/table-rows.js";
import type { CliContext } from "../ui/context.js";
import { formatBpd, formatCount } from "../ui/format.js";
import { printable } from "../ui/printable.js";
import { createTerminal, type OutputStream, type Terminal } from "../ui/terminal.js";
import { unitOf } from "../unit.js";

const flags = {
  run: text("DIR", "Folder of the run, in place of the first argument"),
  ...imagesFlags,
  id: idFlag,
  where: whereFlag,
  score: choice(
    [...scoreKinds, "likelihood"],
    "Score of a table's rows, or log p of the run's network (default: combination)",
  ),
  falseAlarms: value(
    probability,
    "P",
    "Flag rows of a table so that this share of ordinary rows is flagged (default: 0.01)",
  ),
  reasons: {
    kind: "parsed",
    parse: (input: string) => wholeNumber(1)(input || "3"),
    inferEmpty: true,
    optional: true,
    placeholder: "N",
    brief: "Add the N columns to blame for each flagged row of a table, and a repair (without N: 3)",
  },
  fdr: value(
    probability,
    "P",
    "Flag rows of a table so that at most this share of flagged rows is ordinary; reads it twice",
  ),
  samples: count("Samples of the noise per image; more of them tighten the bound (default: 1)", "K"),
  ledger: yes("Add the contribution of every layer, in nats"),
  format: choice(
    tableFormats,
    "A table, one JSON object per line, or Parquet (default: csv, or as --out ends)",
  ),
  out: text("FILE", "File for the scores (default: standard output)"),
  seed: seedFlag("Seed of the noise (default: 0)"),
  device: commonFlags.device,
  threads: commonFlags.threads,
  quiet: commonFlags.quiet,
};

export type ScoreFlags = FlagsOf<typeof flags>;

export const command = defineCommand<ScoreFlags, string[]>({
  positional: {
    kind: "array",
    parameter: {
      parse: nonEmpty,
      placeholder: "DIR FILE",
      brief: `${runFolder.brief}, then images or rows`,
    },
  },
  flags,
  aliases: { o: "out", q: "quiet" },
  help: `Writes log p(x) of every image, in nats and in bits per dimension. Use it to rank images or rows
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
  run: score,
});

/** Images per call of the model. */
const AT_ONCE = 256;

/**
 * Images or rows in one piece, what each is called, and once a source the words for all of it. `fillLog`: log densities of the
 * noise in place of missing values, which are no part of log p.
 */
type Named = Readonly<{
  images: Uint8Array | Float32Array;
  names: readonly string[];
  fillLog?: Float64Array;
  source?: string;
}>;

/** Examples whose scores have not come yet. */
type Waiting = { names: string[]; fillLog: number[]; sources: string[]; taken: number };

export async function score(this: CliContext, flags: ScoreFlags, ...args: string[]): Promise<void> {
  const [folder, ...files] = flags.run === undefined ? args : [flags.run, ...args];
  if (folder === undefined)
    throw new UsageError("the folder of the run is missing\nfor example flowify score runs/a FILE");
  const { stdout, stderr, env } = this.host;
  const { quiet = false, samples = 1, seed = 0, out } = flags;
  // the scores have standard output, or a file, to themselves
  const terminal = createTerminal({ stdout: stderr, stderr, env, quiet });
  if (out !== undefined) expectPlaceFor(out);
  if (files.length > 0 && flags.data !== undefined)
    throw new UsageError("files and --data exclude each other\nname one of them");
  const config = readRunConfig(folder);
  const tables = flags.data === undefined ? files : [flags.data];
  await keepNamedInput(tables);
  if (out !== undefined) expectNotAnInput(out, tables);
  expectTables(config, flags, tables);
  if (isForDetector(config, flags, tables)) {
    expectFiles(tables);
    return scoreTables(this, flags, folder, config, tables);
  }
  const format = textFormat(flags.format ?? formatOf(out, tableFormats) ?? "csv");
  await withModel(folder, flags, terminal, async (model, run) => {
    const { ledgerLines, dimensions } = model.flow;
    const { shape } = run.config.data;
    const unit = unitOf(shape);
    const judge = judgeOf(run, flags, folder, terminal);
    const fields = [
      "log_prob",
      unit.field,
      ...(judge ? ["p_value", "flag"] : []),
      ...(samples > 1 ? ["std_err"] : []),
      ...(flags.ledger ? ledgerLines.map(({ layer }) => layer) : []),
    ];
    const schema = flags.split === undefined ? run.config.data.reading?.schema : undefined;
    const columns = [schema ? idHeader(schema, flags.id, fields) : nounOf({ shape }, 1), ...fields];
    const waiting: Waiting = { names: [], fillLog: [], sources: [], taken: 0 };
    const source = sourceOf(run, flags, files, terminal);
    let [count, sum, squares, flagged] = [0, 0, 0, 0];
    const most = flags.limit ?? Number.POSITIVE_INFINITY;
    const writeScores = async (write: Write): Promise<void> => {
      for await (const scores of model.score(remember(source, waiting, most), {
        samples,
        seed,
      })) {
        const lines = count === 0 && format === "csv" ? [columns.map(csvCell).join(",")] : [];
        const names = waiting.names.splice(0, scores.logProb.length);
        const fills = waiting.fillLog.splice(0, scores.logProb.length);
        scores.logProb.forEach((logProb, i) => {
          const nats = logProb - fills[i]!;
          const figure = unit.of({ nats, bpd: bitsPerDimension(nats, dimensions) });
          const judged = judge?.(figure) ?? [];
          const more = extra(scores, i, ledgerLines.length, flags.ledger === true);
          lines.push(line(format, columns, names[i]!, [nats, figure, ...judged, ...more]));
          count++;
          flagged += judged[1] ?? 0;
          sum += figure;
          squares += figure * figure;
        });
        await write(lines.map((text) => `${text}\n`).join(""));
      }
    };
    await (out === undefined ? writeScores(standardOutput(stdout)) : writeAtomic(out, writeScores));
    const mean = sum / count;
    const spread = Math.sqrt(Math.max(squares / count - mean * mean, 0) / Math.max(count - 1, 1));
    terminal.note(
      `${formatBpd(mean, spread)} ${unit.name} on ${imagesOf({ count, split: "all", shape })}: ${listed(waiting.sources)}${judge ? `; ${formatCount(flagged)} flagged at false alarms of ${flags.falseAlarms ?? FALSE_ALARMS}` : ""}${out ? `; scores: ${out}` : ""}`,
    );
  });
}

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
  const { score: kind, fdr, reasons, samples = 1, split, ledger = false } = flags;
  const ofLikelihood = kind === "likelihood" || samples > 1 || ledger || split !== undefined;
  const schema = data.reading?.schema;
  if (schema && !ofLikelihood && files.every((file) => isTable(file, schema))) return true;
  const flag = [
    ...(fdr === undefined ? [] : ["--fdr"]),
    ...(reasons === undefined ? [] : ["--reasons"]),
    ...(kind === undefined || kind === "likelihood" ? [] : ["--score"]),
  ][0];
  if (flag === undefined) return false;
  throw new UsageError(
    `${flag} is for tables that a run of a table scores whole\nleave it out, or leave --split, --samples and --ledger out`,
  );
}

/** @throws UsageError for Parquet, which holds the scores of a detector */
function textFormat(format: TableFormat): "csv" | "jsonl" {
  if (format !== "parquet") return format;
  throw new UsageError(
    "likelihoods are written as CSV or JSON lines\nchoose --format csv, or a name that ends in .csv",
  );
}

/** Escapes control characters in names on a terminal. */
const standardOutput = (stdout: OutputStream) => async (lines: Uint8Array | string) => {
  const text = String(lines);
  stdout.write(stdout.isTTY === true ? text.split("\n").map(printable).join("\n") : text);
};

function extra({ stdErr, ledger }: Scores, example: number, layers: number, withLedger: boolean): number[] {
  const own = withLedger ? Array.from(ledger.subarray(example * layers, (example + 1) * layers)) : [];
  return [...(stdErr ? [stdErr[example] as number] : []), ...own];
}

/** Digits that a float32 sum of many terms has. */
const rounded = (value: number): number => Number(value.toPrecision(9));

function line(
  format: "csv" | "jsonl",
  columns: readonly string[],
  name: string,
  values: readonly number[],
): string {
  if (format === "csv") return [csvCell(name), ...values.map((value) => String(rounded(value)))].join(",");
  return JSON.stringify(
    Object.fromEntries(
      columns.map((column, i) => [column, i === 0 ? name : rounded(values[i - 1] as number)]),
    ),
  );
}

/** What is to be scored: tables a block at a time, other data as they are read. */
function sourceOf(
  run: SavedRun,
  flags: ScoreFlags,
  files: readonly string[],
  { warn }: Terminal,
): AsyncGenerator<Named> {
  const { schema } = run.config.data.reading ?? {};
  const tables = flags.data === undefined ? files : [flags.data];
  const { seed = 0, id, where } = flags;
  if (schema && flags.split === undefined) {
    if (tables.length === 0) return ownTestRows(run.config);
    if (tables.every((file) => isTable(file, schema)))
      return rowsOfTables(tables, { schema, id, where, seed, warn });
  }
  return files.length > 0 ? examplesOfFiles(run, flags, files) : ownExamples(run, flags);
}

async function* ownExamples(run: SavedRun, flags: ScoreFlags): AsyncGenerator<Named> {
  const set = await imagesFor(run, flags);
  yield* pieces(set, describeImages(set), namesOf(set) ? `${set.name}/` : `${set.name}/${set.split}#`);
}

/** The source pictures of the images. */
const namesOf = (set: DataSet): readonly string[] | undefined => ("names" in set ? set.names : undefined);

/** The images or rows of each named file, folder or data set, one after another. */
async function* examplesOfFiles(
  run: SavedRun,
  flags: ScoreFlags,
  files: readonly string[],
): AsyncGenerator<Named> {
  const { shape } = run.config.data;
  for (const file of files) {
    const isFolder = existsSync(file) && statSync(file).isDirectory();
    if (isImageFile(file) && !isFolder && !isRowShape(shape)) {
      const { images, names } = await readImageFile(file, shape, {
        ...usualReading(run),
        ...readingOf(flags),
      });
      yield {
        images,
        names,
        source:
          names.length === 1 ? file : `${file} (${imagesOf({ count: names.length, split: "all", shape })})`,
      };
      continue;
    }
    if (!existsSync(file) && !isDataSet(file))
      throw new DataError(`${file}: no such file or folder, and no data set has this name`);
    const set = await loadMeasured({
      name: file,
      dir: flags.dataDir,
      reading: readingOf(flags),
      usual: usualReading(run),
    });
    expectFit(run.network, set);
    yield* pieces(set, `${file} (${imagesOf(set)})`, namesOf(set) ? `${file}/` : `${file}#`);
  }
}

/** A set in pieces; `prefix` is put before the name of a picture or the number of an image. */
function* pieces(set: DataSet, source: string, prefix: string): Generator<Named> {
  const examples = examplesOf(set);
  const size = examples.length / set.count;
  const pictures = namesOf(set);
  for (let begin = 0; begin < set.count; begin += AT_ONCE) {
    const end = Math.min(begin + AT_ONCE, set.count);
    const names = Array.from(
      { length: end - begin },
      (_, i) => `${prefix}${pictures?.[begin + i] ?? begin + i}`,
    );
    yield { images: examples.subarray(begin * size, end * size), names, ...(begin === 0 && { source }) };
  }
}

/** The images of the first `limit`, whose names and sources are noted until their scores come. */
async function* remember(
  pieces: AsyncIterable<Named>,
  waiting: Waiting,
  limit: number,
): AsyncGenerator<Uint8Array | Float32Array> {
  for await (const { images, names: own, fillLog, source } of pieces) {
    if (source !== undefined) waiting.sources.push(source);
    const kept = own.slice(0, limit - waiting.taken);
    waiting.names.push(...kept);
    waiting.fillLog.push(...kept.map((_, i) => fillLog?.[i] ?? 0));
    waiting.taken += kept.length;
    yield images.subarray(0, (images.length / own.length) * kept.length);
    if (waiting.taken >= limit) return;
  }
}

/** Short description of the scored sources. */
const listed = (sources: readonly string[]): string =>
  sources.length <= 3
    ? sources.join(", ")
    : `${sources.slice(0, 2).join(", ")} and ${sources.length - 2} more`;
