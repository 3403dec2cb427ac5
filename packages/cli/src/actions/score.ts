import { bitsPerDimension, type Scores, UsageError } from "@flowify/core";
import type { ScoreFlags } from "../commands/score.js";
import type { CliContext } from "../context.js";
import { readImageFiles } from "../data/image-files.js";
import { type ImageShape, isRowShape, itemsOf, nounOf, type RowShape } from "../data/image-set.js";
import { type Write, writeAtomic } from "../run/atomic.js";
import { expectPlaceFor } from "../run/folder.js";
import { formatBpd, formatCount } from "../ui/format.js";
import { printable } from "../ui/printable.js";
import { createTerminal, type OutputStream } from "../ui/terminal.js";
import { unitOf } from "../unit.js";
import { imagesFor, type SavedRun, withModel } from "./open-run.js";

/** Images that go to the model in one piece. */
const AT_ONCE = 256;

type Named = Readonly<{ images: Uint8Array | Float32Array; names: readonly string[] }>;

export async function score(
  this: CliContext,
  flags: ScoreFlags,
  folder: string,
  ...files: string[]
): Promise<void> {
  const { stdout, stderr, env } = this.host;
  const { quiet = false, samples = 1, seed = 0, format = "csv", out } = flags;
  // the scores have standard output, or a file, to themselves
  const terminal = createTerminal({ stdout: stderr, stderr, env, quiet });
  if (out !== undefined) expectPlaceFor(out);
  if (files.length > 0 && flags.data !== undefined) throw new UsageError("name files or --data, not both");
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
    const source = files.length > 0 ? imagesOfFiles(files, shape) : ownItems(run, flags);
    let [count, sum, squares] = [0, 0, 0];
    const writeScores = async (write: Write): Promise<void> => {
      for await (const scores of model.score(
        remember(source, names, flags.limit ?? Number.POSITIVE_INFINITY),
        {
          draws: samples,
          seed,
        },
      )) {
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
      `${formatBpd(mean, spread)} ${unit.name} on ${formatCount(count)} ${nounOf({ shape }, count)}${out ? `: ${out}` : ""}`,
    );
  });
}

/** On a terminal, names are shown so that it does not obey them. */
const standardOutput = (stdout: OutputStream) => async (lines: Uint8Array | string) => {
  const text = String(lines);
  stdout.write(stdout.isTTY === true ? text.split("\n").map(printable).join("\n") : text);
};

function extra({ stdErr, ledger }: Scores, item: number, layers: number, withLedger: boolean): number[] {
  const own = withLedger ? Array.from(ledger.subarray(item * layers, (item + 1) * layers)) : [];
  return [...(stdErr ? [stdErr[item] as number] : []), ...own];
}

const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Digits that a float32 sum of many terms has. */
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

/** @throws UsageError where the run is of rows */
function imagesOfFiles(files: readonly string[], shape: ImageShape | RowShape): AsyncIterable<Named> {
  if (!isRowShape(shape)) return readImageFiles(files, shape);
  throw new UsageError(`rows are not scored from pictures\nname their file by --data ${files[0]}`);
}

async function* ownItems(run: SavedRun, flags: ScoreFlags): AsyncGenerator<Named> {
  const set = await imagesFor(run, flags);
  const items = itemsOf(set);
  const size = items.length / set.count;
  for (let begin = 0; begin < set.count; begin += AT_ONCE) {
    const end = Math.min(begin + AT_ONCE, set.count);
    const names = Array.from({ length: end - begin }, (_, i) => `${set.name}/${set.split}#${begin + i}`);
    yield { images: items.subarray(begin * size, end * size), names };
  }
}

/** The images of the first `limit`, whose names are noted. */
async function* remember(
  source: AsyncIterable<Named>,
  names: string[],
  limit: number,
): AsyncGenerator<Uint8Array | Float32Array> {
  for await (const { images, names: own } of source) {
    const kept = own.slice(0, limit - names.length);
    names.push(...kept);
    yield images.subarray(0, (images.length / own.length) * kept.length);
    if (names.length >= limit) return;
  }
}
