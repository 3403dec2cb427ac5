import { UsageError } from "@flowify/core";
import { STANDARD_INPUT } from "../data/table/sources/standard-input.js";
import { tableFormat } from "../data/written/output.js";
import { rowWriter } from "../data/written/row-writer.js";
import type { TableFormat, WrittenColumn } from "../data/written/written-rows.js";
import { conformalP } from "../detect/calibration.js";
import { openDetector } from "../detect/detector.js";
import { readDetector } from "../detect/detector-file.js";
import { tableReasoner } from "../detect/reasons/table-reasons.js";
import { scoreColumns } from "../detect/score-columns.js";
import { withExecutor } from "../executors.js";
import type { Write } from "../files/atomic.js";
import { placeOf } from "../files/place.js";
import type { Running } from "../flags/define.js";
import { valueAt } from "../places.js";
import { inRanks, type Ranks } from "../ranks/ranks.js";
import { rowOf } from "../rows.js";
import { type RunConfig, schemaOf } from "../run-config.js";
import { writeContinuedRows } from "../runs/continued-rows.js";
import { runPaths } from "../runs/folder.js";
import type { ResumableFile } from "../runs/resumable-file.js";
import { encodedWidth } from "../tables/columns/kinds.js";
import { countOf, formatCount } from "../ui/format.js";
import { createProgress } from "../ui/progress.js";
import { createTerminal, type Terminal } from "../ui/terminal.js";
import { reasonCells, reasonColumns, worstLines } from "./row-reasons.js";
import type { ScoreFlags } from "./score-flags.js";
import { type ScoreSource, scoredRows } from "./score-pass.js";
import { type ScoreProgress, scoreFacts, scoreProgress } from "./score-progress.js";
import { FALSE_ALARMS, reachable } from "./score-threshold.js";

type Scoring = ScoreSource &
  Readonly<{
    flags: ScoreFlags;
    format: TableFormat;
    terminal: Terminal;
    /** The processes that score together. */
    ranks: Ranks | undefined;
  }>;

function columnsOf({ config, flags, found: { detector } }: Scoring): WrittenColumn[] {
  const { id, reasons } = flags;
  const more = reasons === undefined ? [] : reasonColumns(encodedWidth(detector), reasons);
  return scoreColumns(schemaOf(config), { id, more });
}

/** Scores all rows that have not been scored; returns the last state, and lines about the speed. */
async function scoreInto(
  { write, kept, keep }: ResumableFile<ScoreProgress>,
  scoring: Scoring,
  begun: unknown,
): Promise<Readonly<{ state: ScoreProgress; speed: readonly string[] }>> {
  const { found, open, kind, flags, format, terminal, ranks } = scoring;
  const { pass, total, readingMs } = await scoredRows({ ...scoring, share: ranks }, terminal);
  if (kept?.complete) return { state: kept, speed: [] };
  const calibration = found.calibrations[kind];
  const threshold = reachable(calibration, flags.falseAlarms ?? FALSE_ALARMS, terminal);
  const reasons =
    flags.reasons === undefined
      ? undefined
      : reasonCells(tableReasoner(found, open, kind, threshold), flags.reasons, kept?.worst);
  const writer = rowWriter(format, columnsOf(scoring), write, { begun });
  const width = encodedWidth(found.detector);
  const totals = { rows: kept?.rows ?? 0, flagged: kept?.flagged ?? 0 };
  const stateOf = (progress: unknown, complete: boolean): ScoreProgress => ({
    ...totals,
    complete,
    worst: [...(reasons?.worst() ?? [])],
    writer: progress,
  });
  const before = totals.rows;
  const [began, readBefore] = [performance.now(), readingMs()];
  const bar =
    total === undefined ? undefined : createProgress(terminal, { label: "rows", total, done: before });
  for await (const { names, scores, rows, ends } of pass(totals.rows)) {
    if (ends) await writer.flush();
    const judged = Array.from(scores, (score, place) => {
      const p = conformalP(calibration, score);
      return { name: valueAt(names, place), place, score, p, flag: p <= threshold };
    });
    const flagged = judged.filter(({ flag }) => flag);
    const more = await reasons?.cells(
      flagged.map((each) => ({ ...each, row: rowOf(rows, each.place, width) })),
      names.length,
    );
    totals.flagged += flagged.length;
    totals.rows += names.length;
    await writer.add(
      judged.map(({ name, place, score, p, flag }) => [
        name,
        score,
        p,
        Number(flag),
        ...(more?.[place] ?? []),
      ]),
    );
    bar?.update(totals.rows, `${formatCount(totals.flagged)} flagged`);
    const progress = writer.progress();
    if (progress !== undefined) await keep(stateOf(progress, false));
  }
  bar?.finish();
  if (ranks) await writer.flush();
  else await writer.end();
  const state = stateOf(writer.progress(), true);
  await keep(state, true);
  const speed = speedLines(totals.rows - before, performance.now() - began, readingMs() - readBefore);
  return { state, speed };
}

/** How many rows were flagged, and why, in a few lines. */
function flaggedLines(
  { config, files, flags }: Scoring,
  states: readonly ScoreProgress[],
): { flagged: string; worst: string[] } {
  const sumOf = (count: "rows" | "flagged"): number => states.reduce((sum, state) => sum + state[count], 0);
  const source = files.join(", ") || `the test rows of ${config.data.name}`;
  return {
    flagged: `${countOf(sumOf("rows"), "row")} of ${source}: ${formatCount(sumOf("flagged"))} flagged at false alarms of ${flags.falseAlarms ?? FALSE_ALARMS}${flags.out ? `; scores: ${flags.out}` : ""}`,
    worst: flags.reasons === undefined ? [] : worstLines(states.flatMap(({ worst }) => worst)),
  };
}

/** Below so many rows, the speed is that of the start. */
const FEWEST_FOR_SPEED = 100_000;

const speedLines = (rows: number, ms: number, reading: number): string[] =>
  rows < FEWEST_FOR_SPEED
    ? []
    : [
        `${formatCount(Math.round((1000 * rows) / ms))} rows a second, ${Math.round((100 * reading) / ms)} % of the time reading`,
      ];

type Table = Readonly<{
  flags: ScoreFlags;
  folder: string;
  config: RunConfig;
  files: readonly string[];
}>;

/** Scores the rows of tables by the detector of a run, a block at a time: memory does not grow with their number. */
export async function scoreTables(
  { host }: Running,
  flags: ScoreFlags,
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
  const format = tableFormat(flags, "scored");
  const found = readDetector(runPaths(folder).detector, folder, config);
  const isRepeatable = files.length > 0 && !files.includes(STANDARD_INPUT);
  if (ranks && !(isRepeatable && flags.out !== undefined && placeOf(flags.out).replace))
    throw new UsageError(
      "several ranks score tables in files into a file\nname them with --data and --out, or start one process",
    );
  const facts = scoreFacts(folder, files, { ...flags, format });
  const threads = flags.threads ?? ranks?.cores;
  await withExecutor({ device: flags.device, threads }, terminal, async (executor) => {
    const open = await openDetector(executor, found.detector);
    try {
      const scoring = { found, open, kind, config, files, flags, format, terminal, ranks } as const;
      let own: Awaited<ReturnType<typeof scoreInto>> | undefined;
      const writerOf = (write: Write, begun: unknown) =>
        rowWriter(format, columnsOf(scoring), write, { begun });
      const where = { out: flags.out, stdout, format, isRepeatable, done: "scored", writerOf };
      const parts = await writeContinuedRows(
        { ...where, facts, state: scoreProgress, terminal, ranks },
        async (output, begun) => {
          own = await scoreInto(output, scoring, begun);
        },
      );
      const states = parts.length > 0 || !own ? parts : [own.state];
      const speed = (own?.speed ?? []).map((line) => (ranks ? `rank 0: ${line}` : line));
      const { flagged, worst } = flaggedLines(scoring, states);
      for (const line of [flagged, ...speed, ...worst]) terminal.note(line);
    } finally {
      await open.dispose();
    }
  });
}
