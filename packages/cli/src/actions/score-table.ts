import { UsageError } from "@flowify/core";
import type { CliContext } from "../context.js";
import { openDetector } from "../detect/detector.js";
import { readDetector } from "../detect/detector-file.js";
import { formatOf } from "../detect/score-formats.js";
import { openExecutor } from "../executors.js";
import type { RunConfig } from "../format/config.js";
import { expectPlaceFor, runPaths } from "../run/folder.js";
import { createTerminal } from "../ui/terminal.js";
import { scoreInto } from "./score-into.js";
import { type TableScoreFlags, writeScores } from "./score-progress.js";

/** Scores the rows of tables by the detector of a run, a block at a time: memory does not grow with their number. */
export async function scoreTables(
  { host }: CliContext,
  flags: TableScoreFlags,
  folder: string,
  config: RunConfig,
  files: readonly string[],
): Promise<void> {
  const { stdout, stderr, env } = host;
  const { out, quiet = false } = flags;
  const kind = flags.score === "likelihood" ? "combination" : (flags.score ?? "combination");
  const terminal = createTerminal({ stdout: stderr, stderr, env, quiet });
  if (flags.fdr !== undefined && flags.falseAlarms !== undefined)
    throw new UsageError("--fdr and --false-alarms exclude each other\nname one of them");
  const format = flags.format ?? formatOf(out) ?? "csv";
  if (format === "parquet" && out === undefined)
    throw new UsageError("--format parquet needs a file\nname one with --out scored.parquet");
  if (out !== undefined) expectPlaceFor(out);
  const found = readDetector(runPaths(folder).detector, folder);
  const executor = await openExecutor(flags.device ?? "auto", terminal, flags);
  try {
    const open = await openDetector(executor, found.detector);
    try {
      const scoring = { found, open, kind, config, files, flags, format, terminal };
      const place = { folder, files, flags: { ...flags, format }, terminal, stdout };
      let lines: readonly string[] = [];
      await writeScores(place, async (output) => {
        lines = await scoreInto(output, scoring);
      });
      for (const line of lines) terminal.note(line);
    } finally {
      await open.dispose();
    }
  } finally {
    await executor.dispose();
  }
}
