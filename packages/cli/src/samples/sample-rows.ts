import { type FlowModel, UsageError } from "@flowify/core";
import type { TableSchema } from "../data/table/schema.js";
import { sampleFormat } from "../data/written/sampled-rows.js";
import { writeAtomic } from "../files/atomic.js";
import { placeOf } from "../files/place.js";
import type { Running } from "../flags/define.js";
import type { CommonFlags } from "../flags/shared.js";
import { inRanks, type Ranks } from "../ranks/ranks.js";
import type { RunConfig } from "../run-config.js";
import { writeContinuedRows } from "../runs/continued-rows.js";
import { runPaths } from "../runs/folder.js";
import { type SavedRun, withModel } from "../runs/open-run.js";
import { possibleRows } from "../tables/ordered-columns.js";
import { countOf, formatCount } from "../ui/format.js";
import { type OutputStream, silentTerminal, type Terminal } from "../ui/terminal.js";
import { type GivenSamples, givenSamples } from "./given-samples.js";
import { givenValues } from "./given-values.js";
import { groupOf, type Sampling, sampleFacts, sampleInto, sampleProgress, writerOf } from "./sample-into.js";
import { type Asked, askFor, judgedLines, type Wanted, wantedText } from "./wanted-outputs.js";

/** Below this share of the rows, the effective sample size is warned of. */
const WORTH = 0.5;

/** Rows that are written at once. */
const PIECE = 4096;

/**
 * Writes rows that hold given values. They are drawn from all proposals together, so they are held in memory, and a killed
 * command begins anew.
 */
async function writeGiven(
  model: FlowModel,
  schema: TableSchema,
  sampling: Sampling,
  given: readonly string[],
): Promise<GivenSamples> {
  const found = await givenSamples(model, givenValues(schema, given), {
    ...sampling.options,
    isPossible: possibleRows(schema),
  });
  await writeRows(found.rows, model.flow.dimensions, sampling);
  return found;
}

/** Writes rows that should have wanted outputs, and reports how many do. */
async function writeAsked(
  model: FlowModel,
  run: SavedRun,
  sampling: Sampling,
  wanted: Wanted,
): Promise<Awaited<ReturnType<Asked["judge"]>>> {
  const { count, ...drawing } = sampling.options;
  const asked = await askFor(run, wanted, count);
  for (const line of asked.warnings) sampling.terminal.warn(line);
  const rows = await asked.nearest(
    (seed) => model.sampleFlat(count, { ...drawing, seed, condition: asked.given }),
    drawing.seed,
  );
  await writeRows(rows, model.flow.dimensions, sampling);
  return asked.judge(rows);
}

/** Writes rows, one after another, a piece at a time. */
async function writeRows(rows: Float32Array, width: number, sampling: Sampling): Promise<void> {
  const piece = PIECE * width;
  await writeAtomic(sampling.file, async (write) => {
    const writer = writerOf(sampling, write);
    for (let at = 0; at < rows.length; at += piece) await writer.add(rows.subarray(at, at + piece));
    await writer.end();
  });
}

function sayGiven({ say, warn }: Terminal, { effective, proposals }: GivenSamples, count: number): void {
  const worth = formatCount(Math.round(effective));
  say(`effective sample size ${worth}, from ${formatCount(proposals)} samples of the run`);
  if (effective < WORTH * count)
    warn(
      `only ${worth} of ${formatCount(count)} rows are independent: many are copies; give fewer columns, or use them as ${worth} rows`,
    );
}

/** How rows are sampled, where something was said about it. */
export type RowSampling = CommonFlags & {
  count?: number;
  seed?: number;
  temperature?: number;
  mode?: "sample" | "deterministic";
  out?: string;
  given?: readonly string[];
  logits?: Wanted;
};

/** What is sampled, by which processes. */
type Command = Readonly<{
  flags: RowSampling;
  folder: string;
  data: RunConfig["data"] & Readonly<{ shape: [number] }>;
  ranks: Ranks | undefined;
  terminal: Terminal;
  stdout: OutputStream;
}>;

/** Samples rows from a run of rows into a file; several processes share them. */
export async function sampleRows(
  { host, terminal }: Running,
  flags: RowSampling,
  folder: string,
  data: Command["data"],
): Promise<void> {
  await inRanks(host.env, (ranks) => {
    const isSilent = ranks !== undefined && ranks.rank > 0;
    const own = isSilent ? silentTerminal(host.env) : terminal;
    return sampleAs({ flags, folder, data, ranks, terminal: own, stdout: host.stdout });
  });
}

async function sampleAs({ flags, folder, data, ranks, terminal, stdout }: Command): Promise<void> {
  const { count = 150, seed = 0, temperature = 1, mode = "sample", given, logits } = flags;
  const file = flags.out ?? runPaths(folder).sampledRows;
  const format = sampleFormat(file);
  if (ranks && (given || logits || !placeOf(file).replace))
    throw new UsageError(
      "several ranks sample into a file, without --given and --logits\nstart one process, or leave them out and name a file with --out",
    );
  if (given && logits)
    throw new UsageError("--given and --logits: rows hold values, or have outputs\nleave one of them out");
  const threads = flags.threads ?? ranks?.cores;
  await withModel(folder, { ...flags, ...(threads && { threads }) }, terminal, async (model, run) => {
    const options = { count, seed, temperature, mode };
    const group = groupOf(data.shape[0]);
    const sampling: Sampling = { model, data, file, format, group, options, share: ranks, terminal };
    const schema = data.reading?.schema;
    const found = schema && given && (await writeGiven(model, schema, sampling, given));
    const asked = logits && (await writeAsked(model, run, sampling, logits));
    if (!found && !asked)
      await writeContinuedRows(
        {
          out: file,
          stdout,
          format,
          facts: sampleFacts(folder, run, options),
          state: sampleProgress,
          terminal,
          ranks,
          done: "sampled",
          writerOf: (write, begun) => writerOf(sampling, write, begun),
        },
        (output, begun) => sampleInto(output, sampling, begun),
      );
    if (ranks && ranks.rank > 0) return;
    terminal.say(`${countOf(count, "sample")}: ${file}`);
    if (found) sayGiven(terminal, found, count);
    if (asked) for (const line of judgedLines(asked)) terminal.say(line);
    terminal.document({
      file,
      ...options,
      step: run.step,
      ...(found && { given, effective: found.effective, proposals: found.proposals }),
      ...(asked && {
        logits: wantedText(logits),
        recognized: asked.recognized ?? null,
        reached: asked.reached.length,
      }),
    });
  });
}
