import { conformalP } from "../detect/calibration.js";
import { idHeader, type ScoreColumn } from "../detect/csv-scores.js";
import { tableReasoner } from "../detect/reasons/table-reasons.js";
import type { ScoreFormat } from "../detect/score-formats.js";
import { scoreWriter } from "../detect/write-scores.js";
import { formatCount } from "../ui/format.js";
import { createProgress } from "../ui/progress.js";
import type { Terminal } from "../ui/terminal.js";
import { FALSE_ALARMS } from "./judge-rows.js";
import { reasonCells } from "./row-reasons.js";
import { type ScoreSource, scoredRows } from "./score-pass.js";
import type { ScoreOutput, TableScoreFlags } from "./score-progress.js";
import { thresholdOf } from "./score-threshold.js";

export type Scoring = ScoreSource &
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
export async function scoreInto({ write, kept, keep }: ScoreOutput, scoring: Scoring): Promise<string[]> {
  const { found, open, kind, config, files, flags, format, terminal } = scoring;
  const { pass, total, readingMs } = await scoredRows(scoring, terminal);
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
  const before = totals.rows;
  const [began, readBefore] = [performance.now(), readingMs()];
  const bar =
    total === undefined ? undefined : createProgress(terminal, { label: "rows", total, done: before });
  for await (const { names, scores, rows, ends } of pass(totals.rows)) {
    if (ends) await writer.flush();
    const p = scores.map((score) => conformalP(calibration, score));
    const flagged = [...p.keys()].filter((place) => p[place]! <= threshold);
    const more = await reasons?.cells(
      flagged.map((place) => ({
        place,
        name: names[place]!,
        score: scores[place]!,
        p: p[place]!,
        row: rows.subarray(place * width, (place + 1) * width),
      })),
      names.length,
    );
    totals.flagged += flagged.length;
    totals.rows += names.length;
    await writer.add(
      names.map(
        (name, place) =>
          [
            name,
            scores[place]!,
            p[place]!,
            Number(p[place]! <= threshold),
            ...(more?.[place] ?? []),
          ] as const,
      ),
    );
    bar?.update(totals.rows, `${formatCount(totals.flagged)} flagged`);
    const progress = writer.progress();
    if (progress !== undefined)
      await keep({ ...totals, threshold, worst: [...(reasons?.worst() ?? [])], writer: progress });
  }
  bar?.finish();
  await writer.end();
  const source = files.join(", ") || `the test rows of ${config.data.name}`;
  const limit =
    flags.fdr === undefined
      ? `false alarms of ${flags.falseAlarms ?? FALSE_ALARMS}`
      : `a false discovery rate of ${flags.fdr}`;
  return [
    `${formatCount(totals.rows)} rows of ${source}: ${formatCount(totals.flagged)} flagged at ${limit}${flags.out ? `; scores: ${flags.out}` : ""}`,
    ...speedLines(totals.rows - before, performance.now() - began, readingMs() - readBefore),
    ...(reasons?.lines() ?? []),
  ];
}

/** Below so many rows, the speed is that of the start. */
const FEWEST_FOR_SPEED = 100_000;

const speedLines = (rows: number, ms: number, reading: number): string[] =>
  rows < FEWEST_FOR_SPEED
    ? []
    : [
        `${formatCount(Math.round((1000 * rows) / ms))} rows a second, ${Math.round((100 * reading) / ms)} % of the time reading`,
      ];
