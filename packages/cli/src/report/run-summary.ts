import { existsSync, readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import type { Flow } from "@flowify/core";
import { flowOf } from "../networks/choose.js";
import type { Point } from "../pictures/line-chart.js";
import type { Quality } from "../quality/quality.js";
import type { RunConfig } from "../run-config.js";
import { networkOfRun, readRunConfig } from "../runs/config-file.js";
import { runPaths } from "../runs/folder.js";
import { curvesOf, readMetrics } from "../runs/metrics.js";

/** Contribution of each layer at a step, in the unit of the run. */
export type LedgerAt = Readonly<{ step: number; layers: { readonly [layer: string]: number } }>;

/** A return from step `failed` to `step`. */
type Return = Readonly<{ step: number; failed: number; layer: string; until: number }>;

/** The figures of samples, and their checkpoint. */
export type RunQuality = Quality & Readonly<{ step: number; temperature: number }>;

/** The data of one run in a report. */
export type RunSummary = Readonly<{
  name: string;
  folder: string;
  config: RunConfig;
  /** The exact lines of the ledger. */
  likelihoods: { readonly [layer: string]: Flow["likelihood"] };
  training: readonly Point[];
  measured: readonly Readonly<{ split: string; points: readonly Point[] }>[];
  /** Measurements on the test images, or on the validation images if there are no others. */
  ledgers: readonly LedgerAt[];
  returns: readonly Return[];
  /** Training time, seconds. */
  seconds: number;
  /** The last result of `flowify evaluate --quality`, if any. */
  quality?: RunQuality;
  /** The present PNG files. */
  pictures: readonly Readonly<{ title: string; png: Uint8Array }>[];
}>;

const PICTURES = [
  ["samples", "Samples"],
  ["samplesMean", "Samples with all noise of the layers at its mean"],
  ["reconstructions", "Reconstructions"],
  ["nearest", "Samples nearest to a training image"],
] as const;

/** Reads the results of a run from its folder. */
export function summarizeRun(folder: string): RunSummary {
  const config = readRunConfig(folder);
  const paths = runPaths(folder);
  const records = readMetrics(paths.metrics);
  const { training, measured } = curvesOf(records);
  const judged = measured.at(-1)?.split;
  const flow = flowOf(networkOfRun(config, folder), config.flow);
  return {
    name: basename(resolve(folder)),
    folder,
    config,
    likelihoods: Object.fromEntries(flow.ledgerLines.map(({ layer, likelihood }) => [layer, likelihood])),
    training,
    measured,
    ledgers: records.flatMap(({ step, split, ledger }) =>
      split === judged && typeof ledger === "object" ? [{ step, layers: ledger }] : [],
    ),
    returns: records.flatMap(({ step, failed, layer, until }) =>
      typeof failed === "number" && typeof layer === "string" && typeof until === "number"
        ? [{ step, failed, layer, until }]
        : [],
    ),
    seconds: Math.max(0, ...records.map(({ seconds }) => (typeof seconds === "number" ? seconds : 0))),
    ...(existsSync(paths.quality) && {
      quality: JSON.parse(readFileSync(paths.quality, "utf8")) as RunQuality,
    }),
    pictures: PICTURES.flatMap(([key, title]) =>
      existsSync(paths[key]) ? [{ title, png: readFileSync(paths[key]) }] : [],
    ),
  };
}
