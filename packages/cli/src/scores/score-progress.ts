import { readFileSync, statSync } from "node:fs";
import * as v from "valibot";
import { hashOf } from "../data/image-set.js";
import { filesOf } from "../data/table/sources/file-pattern.js";
import { factsOf, rowProgress } from "../runs/continued-rows.js";
import { runPaths } from "../runs/folder.js";
import type { ScoreFlags } from "./score-flags.js";

/** What has been scored, and what the rows that follow need of it. */
export const scoreProgress = v.strictObject({
  ...rowProgress,
  flagged: rowProgress.rows,
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
});

export type ScoreProgress = v.InferOutput<typeof scoreProgress>;

/** All that decides the scores but the device. Data files are known by name, size and time of change. */
export function scoreFacts(
  folder: string,
  files: readonly string[],
  { score = "combination", falseAlarms, reasons, format, limit, id, where }: ScoreFlags,
): Record<string, string> {
  const { config, detector } = runPaths(folder);
  const data = files.flatMap(filesOf).map((file) => {
    const { size, mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? {};
    return [file, size, mtimeMs];
  });
  return factsOf(hashOf(readFileSync(config), readFileSync(detector)), {
    "--data": hashOf(JSON.stringify(data)),
    "--score": score,
    "--false-alarms": falseAlarms,
    "--reasons": reasons,
    "--format": format,
    "--limit": limit,
    "--id": id,
    "--where": where,
  });
}
