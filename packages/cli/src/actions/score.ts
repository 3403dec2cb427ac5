import { existsSync, statSync } from "node:fs";
import { bitsPerDimension, DataError, type Scores, UsageError } from "@flowify/core";
import { type CommonFlags, type ImagesFlags, readingOf } from "../commands/shared.js";
import type { CliContext } from "../context.js";
import { isImageFile, readImageFile } from "../data/image-files.js";
import { type DataSet, describeImages, examplesOf, imagesOf, isRowShape, nounOf } from "../data/image-set.js";
import { isDataSet, loadMeasured } from "../data/registry.js";
import { expectFit } from "../networks/choose.js";
import { type Write, writeAtomic } from "../run/atomic.js";
import { expectPlaceFor } from "../run/folder.js";
import { formatBpd } from "../ui/format.js";
import { printable } from "../ui/printable.js";
import { createTerminal, type OutputStream } from "../ui/terminal.js";
import { unitOf } from "../unit.js";
import { imagesFor, type SavedRun, usualReading, withModel } from "./open-run.js";

export type ScoreFlags = Omit<CommonFlags, "json"> &
  ImagesFlags & { samples?: number; ledger?: boolean; format?: "csv" | "jsonl"; seed?: number; out?: string };

/** Images per call of the model. */
const AT_ONCE = 256;

/** A piece of images or rows, the name of each, and, once per source, a description of the source. */
type Named = Readonly<{ images: Uint8Array | Float32Array; names: readonly string[]; source?: string }>;

export async function score(
  this: CliContext,
  flags: ScoreFlags,
  folder: string,
  ...files: string[]
): Promise<void> {
  const { stdout, stderr, env } = this.host;
  const { quiet = false, samples = 1, seed = 0, format = "csv", out } = flags;
  // nothing but scores goes to standard output or the file
  const terminal = createTerminal({ stdout: stderr, stderr, env, quiet });
  if (out !== undefined) expectPlaceFor(out);
  if (files.length > 0 && flags.data !== undefined)
    throw new UsageError("files and --data exclude each other\nname one of them");
  await withModel(folder, flags, terminal, async (model, run) => {
    const { ledgerLines, dimensions } = model.flow;
    const { shape } = run.config.data;
    const unit = unitOf(shape);
    const columns = [
      nounOf({ shape }, 1),
      "log_prob",
      unit.field,
      ...(samples > 1 ? ["std_err"] : []),
      ...(flags.ledger ? ledgerLines.map(({ layer }) => layer) : []),
    ];
    const names: string[] = [];
    const sources: string[] = [];
    const source = files.length > 0 ? examplesOfFiles(run, flags, files) : ownExamples(run, flags);
    let [count, sum, squares] = [0, 0, 0];
    const most = flags.limit ?? Number.POSITIVE_INFINITY;
    const writeScores = async (write: Write): Promise<void> => {
      for await (const scores of model.score(remember(source, { names, sources }, most), {
        samples,
        seed,
      })) {
        const lines = count === 0 && format === "csv" ? [columns.map(quoted).join(",")] : [];
        scores.logProb.forEach((nats, i) => {
          const figure = unit.of({ nats, bpd: bitsPerDimension(nats, dimensions) });
          const values = [nats, figure, ...extra(scores, i, ledgerLines.length, flags.ledger === true)];
          lines.push(line(format, columns, names[count] ?? "", values));
          count++;
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
      `${formatBpd(mean, spread)} ${unit.name} on ${imagesOf({ count, split: "all", shape })}: ${listed(sources)}${out ? `; scores: ${out}` : ""}`,
    );
  });
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

const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Significant digits of a float32 sum of many terms. */
const rounded = (value: number): number => Number(value.toPrecision(9));

function line(
  format: "csv" | "jsonl",
  columns: readonly string[],
  name: string,
  values: readonly number[],
): string {
  if (format === "csv") return [quoted(name), ...values.map((value) => String(rounded(value)))].join(",");
  return JSON.stringify(
    Object.fromEntries(
      columns.map((column, i) => [column, i === 0 ? name : rounded(values[i - 1] as number)]),
    ),
  );
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

/** The first `limit` images; collects their sources. */
async function* remember(
  pieces: AsyncIterable<Named>,
  { names, sources }: { names: string[]; sources: string[] },
  limit: number,
): AsyncGenerator<Uint8Array | Float32Array> {
  for await (const { images, names: own, source } of pieces) {
    if (source !== undefined) sources.push(source);
    const kept = own.slice(0, limit - names.length);
    names.push(...kept);
    yield images.subarray(0, (images.length / own.length) * kept.length);
    if (names.length >= limit) return;
  }
}

/** Short description of the scored sources. */
const listed = (sources: readonly string[]): string =>
  sources.length <= 3
    ? sources.join(", ")
    : `${sources.slice(0, 2).join(", ")} and ${sources.length - 2} more`;
