import { UsageError } from "@flowify/core";
import { tableFormat } from "../data/written/output.js";
import { joinedProgress, rowWriter } from "../data/written/row-writer.js";
import { openDetector } from "../detect/detector.js";
import { readDetector } from "../detect/detector-file.js";
import { version } from "../environment.js";
import { withExecutor } from "../executors.js";
import type { Running } from "../flags/define.js";
import { agree, type Facts } from "../ranks/agreement.js";
import { inRanks, type Ranks } from "../ranks/ranks.js";
import type { RunConfig } from "../run-config.js";
import { runPaths } from "../runs/folder.js";
import { createTerminal } from "../ui/terminal.js";
import { columnsOf, flaggedLines, scoreInto } from "./score-into.js";
import { factsOf, type ScoreProgress, type TableScoreFlags, writeScores } from "./score-progress.js";

type Table = Readonly<{
  flags: TableScoreFlags;
  folder: string;
  config: RunConfig;
  files: readonly string[];
}>;

/** Scores the rows of tables by the detector of a run, a block at a time: memory does not grow with their number. */
export async function scoreTables(
  { host }: Running,
  flags: TableScoreFlags,
  folder: string,
  config: RunConfig,
  files: readonly string[],
): Promise<void> {
  await inRanks(host.env, (ranks) => scoreAs(host, ranks, { flags, folder, config, files }));
}

async function scoreAs(
  host: Running["host"],
  ranks: Ranks | undefined,
  { flags, folder, config, files }: Table,
): Promise<void> {
  const { stdout } = host;
  const kind = flags.score === "likelihood" ? "combination" : (flags.score ?? "combination");
  const quiet = flags.quiet === true || (ranks !== undefined && ranks.rank > 0);
  const terminal = createTerminal(host, { quiet }, true);
  if (flags.fdr !== undefined && flags.falseAlarms !== undefined)
    throw new UsageError("--fdr and --false-alarms exclude each other\nname one of them");
  const format = tableFormat(flags, "scored");
  const found = readDetector(runPaths(folder).detector, folder);
  const place = { folder, files, flags: { ...flags, format }, terminal, stdout, ranks };
  if (ranks) await agree(ranks.comm, ranks.members, { facts: jobFacts(factsOf(folder, files, place.flags)) });
  const threads = flags.threads ?? ranks?.cores;
  await withExecutor({ device: flags.device, threads }, terminal, async (executor) => {
    const open = await openDetector(executor, found.detector);
    try {
      const scoring = { found, open, kind, config, files, flags, format, terminal, ranks } as const;
      let states: readonly ScoreProgress[] = [];
      let speed: readonly string[] = [];
      await writeScores(
        place,
        async (output) => {
          const scored = await scoreInto(output, scoring);
          states = [scored.state];
          speed = scored.speed.map((line) => (ranks ? `rank 0: ${line}` : line));
        },
        async (parts, write) => {
          states = parts.map(({ state }) => state);
          const written = parts.map(({ bytes, state }) => ({ bytes, progress: state.writer }));
          const begun = joinedProgress(format, written);
          await rowWriter(format, columnsOf(scoring), write, { begun }).end();
        },
      );
      const { flagged, worst } = flaggedLines(scoring, states);
      for (const line of [flagged, ...speed, ...worst]) terminal.note(line);
    } finally {
      await open.dispose();
    }
  });
}

/** What all processes that score together must have alike. */
function jobFacts({ "--data": data, ...others }: Readonly<Record<string, string>>): Facts {
  return { flowify: version, data: data ?? "", settings: JSON.stringify(others) };
}
