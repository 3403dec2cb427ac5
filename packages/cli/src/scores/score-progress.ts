import { readFileSync, statSync } from "node:fs";
import { UsageError } from "@flowify/core";
import * as v from "valibot";
import { hashOf } from "../data/image-set.js";
import { filesOf } from "../data/table/sources/file-pattern.js";
import { STANDARD_INPUT } from "../data/table/sources/standard-input.js";
import { writeOutput } from "../data/written/output.js";
import type { TableFormat } from "../data/written/written-rows.js";
import type { ScoreKind } from "../detect/score-columns.js";
import { version } from "../environment.js";
import type { Write } from "../files/atomic.js";
import { placeOf } from "../files/place.js";
import type { CommonFlags, ImagesFlags } from "../flags/shared.js";
import type { Ranks } from "../ranks/ranks.js";
import { runPaths } from "../runs/folder.js";
import type { ResumableFile } from "../runs/resumable-file.js";
import { type WrittenPart, writeContinued } from "../runs/shared-file.js";
import { formatCount } from "../ui/format.js";
import type { OutputStream, Terminal } from "../ui/terminal.js";

export type TableScoreFlags = Omit<CommonFlags, "json"> &
  Pick<ImagesFlags, "data" | "limit"> & {
    score?: ScoreKind | "likelihood";
    falseAlarms?: number;
    reasons?: number;
    format?: TableFormat;
    out?: string;
    id?: string;
    where?: string;
  };

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** What has been scored, and what the rows that follow need of it. */
const progressSchema = v.strictObject({
  rows: count,
  flagged: count,
  /** All rows of this process are scored. */
  complete: v.boolean(),
  /** JSON has null for an infinite score. */
  worst: v.array(
    v.strictObject({
      score: v.pipe(
        v.nullable(v.number()),
        v.transform((score) => score ?? Number.POSITIVE_INFINITY),
      ),
      line: v.array(v.string()),
    }),
  ),
  writer: v.unknown(),
});

export type ScoreProgress = v.InferOutput<typeof progressSchema>;

/** Where scores are written, and how far that has come. */
export type ScoreOutput = ResumableFile<ScoreProgress>;

export type ScorePlace = Readonly<{
  folder: string;
  files: readonly string[];
  flags: TableScoreFlags;
  terminal: Terminal;
  stdout: OutputStream;
  /** The processes that score together. */
  ranks: Ranks | undefined;
}>;

/**
 * Writes scores to `--out` or to standard output. Of named tables that are written to a file, what a killed command has
 * scored is kept, and the same command goes on there.
 *
 * @param end writes what stands behind the parts of several processes
 * @throws UsageError for several processes without files to read and to write
 */
export async function writeScores(
  { folder, files, flags, terminal, stdout, ranks }: ScorePlace,
  produce: (output: ScoreOutput) => Promise<void>,
  end: (parts: readonly WrittenPart<ScoreProgress>[], write: Write) => Promise<void>,
): Promise<void> {
  const { out } = flags;
  const once = { kept: undefined, keep: async () => {} };
  const isRepeatable = files.length > 0 && !files.includes(STANDARD_INPUT);
  const isFile = out !== undefined && placeOf(out).replace;
  if (ranks && !(isRepeatable && isFile))
    throw new UsageError(
      "several ranks score tables in files into a file\nname them with --data and --out, or start one process",
    );
  if (out === undefined || !isRepeatable || !isFile)
    return writeOutput(out, stdout, (write) => produce({ ...once, write }));
  const options = { facts: factsOf(folder, files, flags), state: progressSchema, warn: terminal.warn };
  const going = (output: ScoreOutput): Promise<void> => {
    if (output.kept) terminal.note(`going on after ${formatCount(output.kept.rows)} scored rows`);
    return produce(output);
  };
  await writeContinued(out, ranks, options, going, end);
}

/** All that decides the scores but the device. Data files are known by name, size and time of change. */
export function factsOf(
  folder: string,
  files: readonly string[],
  { score = "combination", falseAlarms, reasons, format, limit, id, where }: TableScoreFlags,
): Record<string, string> {
  const { config, detector } = runPaths(folder);
  const options = {
    "--score": score,
    "--false-alarms": falseAlarms,
    "--reasons": reasons,
    "--format": format,
    "--limit": limit,
    "--id": id,
    "--where": where,
  };
  const data = files.flatMap(filesOf).map((file) => {
    const { size, mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? {};
    return [file, size, mtimeMs];
  });
  return {
    "version of flowify": version,
    run: hashOf(readFileSync(config), readFileSync(detector)),
    "--data": hashOf(JSON.stringify(data)),
    ...Object.fromEntries(
      Object.entries(options).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, String(value)]],
      ),
    ),
  };
}
