import { UsageError } from "@flowify/core";
import type { CliContext } from "../context.js";
import { conformalP } from "../detect/calibration.js";
import { idHeader, type ScoreColumn } from "../detect/csv-scores.js";
import { openDetector } from "../detect/detector.js";
import { readDetector } from "../detect/detector-file.js";
import { tableReasoner } from "../detect/reasons/table-reasons.js";
import { formatOf, type ScoreFormat } from "../detect/score-formats.js";
import { scoreWriter } from "../detect/write-scores.js";
import { openExecutor } from "../executors.js";
import type { RunConfig } from "../format/config.js";
import { expectPlaceFor, runPaths } from "../run/folder.js";
import { formatCount } from "../ui/format.js";
import { createTerminal, type Terminal } from "../ui/terminal.js";
import { FALSE_ALARMS } from "./judge-rows.js";
import { reasonCells } from "./row-reasons.js";
import { type Pass, type ScoreSource, scoredRows, thresholdOf } from "./score-pass.js";
import { type ScoreOutput, type TableScoreFlags, writeScores } from "./score-progress.js";

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

type Scoring = ScoreSource &
  Readonly<{
    flags: TableScoreFlags;
    format: ScoreFormat;
    terminal: Terminal;
  }>;

const fields: readonly ScoreColumn[] = [
  { name: "score", type: "number" },
  { name: "p", type: "number" },
  { name: "flag", type: "flag" },
];

/** Scores all rows that have not been scored; returns lines that say how many were flagged, and why. */
async function scoreInto({ write, kept, keep }: ScoreOutput, scoring: Scoring): Promise<string[]> {
  const { found, open, kind, config, files, flags, format, terminal } = scoring;
  const pass: Pass = (skip) => scoredRows(scoring, terminal, skip);
  const threshold = kept?.threshold ?? (await thresholdOf(found, kind, flags, pass, terminal));
  const calibration = found.calibrations[kind];
  const reasons =
    flags.reasons === undefined
      ? undefined
      : reasonCells(tableReasoner(found, open, kind, threshold), flags.reasons, kept?.worst);
  const written = [...fields, ...(reasons?.columns ?? [])];
  const id = idHeader(
    config.data.reading!.schema!,
    flags.id,
    written.map(({ name }) => name),
  );
  const writer = scoreWriter(format, [{ name: id, type: "text" }, ...written], write, kept?.writer);
  const { width } = found.detector.spaces;
  const totals = { rows: kept?.rows ?? 0, flagged: kept?.flagged ?? 0 };
  for await (const { names, scores, rows } of pass(totals.rows)) {
    const judged = names.map((name, place) => {
      const score = scores[place]!;
      const row = rows.subarray(place * width, (place + 1) * width);
      return { place, name, score, p: conformalP(calibration, score), row };
    });
    const flagged = judged.filter(({ p }) => p <= threshold);
    const more = await reasons?.cells(flagged, names.length);
    totals.flagged += flagged.length;
    totals.rows += names.length;
    await writer.add(
      judged.map(
        ({ name, score, p, place }) =>
          [name, score, p, Number(p <= threshold), ...(more?.[place] ?? [])] as const,
      ),
    );
    const progress = writer.progress();
    if (progress !== undefined)
      await keep({ ...totals, threshold, worst: [...(reasons?.worst() ?? [])], writer: progress });
  }
  await writer.end();
  const source = files.join(", ") || `the test rows of ${config.data.name}`;
  const limit =
    flags.fdr === undefined
      ? `false alarms of ${flags.falseAlarms ?? FALSE_ALARMS}`
      : `a false discovery rate of ${flags.fdr}`;
  const { rows, flagged } = totals;
  return [
    `${formatCount(rows)} rows of ${source}: ${formatCount(flagged)} flagged at ${limit}${flags.out ? `; scores: ${flags.out}` : ""}`,
    ...(reasons?.lines() ?? []),
  ];
}
