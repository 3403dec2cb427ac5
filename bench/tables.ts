import { join } from "node:path";
import type { Executor } from "@flowify/core";
import { permutation } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { arrayColumns, fitDetector, openDetector } from "flowify/tables";
import { auroc } from "../packages/cli/src/auroc.js";
import { neighbourDistances } from "../packages/cli/src/detect/knn.js";
import type { ScoreKind } from "../packages/cli/src/detect/score-columns.js";
import { withExecutor } from "../packages/cli/src/executors.js";
import { takeRows } from "../packages/cli/src/rows.js";
import { meanOf } from "../packages/cli/src/statistics.js";
import { averagePrecision } from "./average-precision.js";
import type { Given } from "./flags.js";
import { labelledSets, readLabelledRows } from "./labelled-sets.js";
import { median } from "./matrix-product.js";
import { print, say } from "./processes.js";

/** AUROC and average precision of a detector on one set, in percent. */
type Figures = Readonly<{ auroc: number; ap: number }>;
type SetResult = Readonly<{
  set: string;
  seed: number;
  rows: number;
  columns: number;
  seconds: number;
  detectors: Readonly<Record<string, Figures>>;
}>;

/** The kinds of scores that are judged; the distance of the baseline is measured apart. */
const KINDS = ["flow", "kernels", "combination"] as const satisfies readonly ScoreKind[];

/** Rows that the baseline compares with at most. */
const BASELINE = 20_000;

/** Rows of a set to learn from and to be judged. Clean: half of the normal rows train, all others are judged. Contaminated: all rows do both. */
type Split = Readonly<{ learnt: readonly number[]; own: readonly number[]; strange: readonly number[] }>;

function splitOf(labels: Float64Array, seed: number, contaminated: boolean): Split {
  const places = Array.from(labels.keys());
  const normal = places.filter((i) => labels[i] === 0);
  const strange = places.filter((i) => labels[i] !== 0);
  if (contaminated) return { learnt: places, own: normal, strange };
  const order = Array.from(permutation(makeRng(seed), normal.length), (i) => normal[i]!);
  const half = Math.floor(normal.length / 2);
  return { learnt: order.slice(0, half), own: order.slice(half), strange };
}

/** ADBench's one-class setting, or its unsupervised one. Labels enter into the split and the figures, nowhere else. */
async function benchSet(
  executor: Executor,
  path: string,
  seed: number,
  contaminated: boolean,
): Promise<Omit<SetResult, "set">> {
  const { rows, labels, width } = await readLabelledRows(path);
  const { learnt, own, strange } = splitOf(labels, seed, contaminated);
  const pick = (which: readonly number[]): Float32Array => takeRows(rows, width, which);
  const judgedRows = [...own, ...strange];
  const judged = pick(judgedRows);
  const baselineRows = Array.from(
    permutation(makeRng(seed), learnt.length).subarray(0, BASELINE),
    (i) => learnt[i]!,
  );
  const knn = await neighbourDistances(executor, pick(baselineRows), judged, width);
  const began = performance.now();
  const detector = await fitDetector(executor, pick(learnt), arrayColumns(width), { seed, contaminated });
  const open = await openDetector(executor, detector);
  const found = await open.score(judged, KINDS);
  await open.dispose();
  const seconds = (performance.now() - began) / 1000;
  const detectors = Object.fromEntries(
    Object.entries({ knn, ...found }).map(([name, all]) => {
      const [low, high] = [all.subarray(0, own.length), all.subarray(own.length)];
      return [name, { auroc: 100 * auroc(low, high), ap: 100 * averagePrecision(low, high) }];
    }),
  );
  return { seed, rows: labels.length, columns: width, seconds, detectors };
}

const show = ({ auroc: area, ap }: Figures): string => `${area.toFixed(1)} / ${ap.toFixed(1)}`;

const lineOf = (detectors: Readonly<Record<string, Figures>>): string =>
  Object.entries(detectors)
    .map(([name, figures]) => `${name} ${show(figures)}`)
    .join(", ");

/** Detectors on labelled sets: a line of JSON each on standard output, a line for people on standard error, and means. */
export async function benchTables({
  tables: folder = "",
  only,
  sets,
  seeds,
  contaminated,
  threads,
}: Given): Promise<void> {
  const results: SetResult[] = [];
  await withExecutor({ threads }, { warn: say }, async (executor) => {
    for (const file of labelledSets(folder, only).slice(0, sets))
      for (let seed = 0; seed < seeds; seed++) {
        const found = await benchSet(executor, join(folder, file), seed, contaminated);
        const result = { set: file, ...found };
        results.push(result);
        print(result);
        say(`${file} seed ${seed}: ${lineOf(result.detectors)}; ${result.seconds.toFixed(1)} s`);
      }
  });
  sayMeans(results);
}

function sayMeans(results: readonly SetResult[]): void {
  const mean = (of: (each: SetResult) => number): number => meanOf(results.map(of));
  const means = Object.fromEntries(
    Object.keys(results[0]?.detectors ?? {}).map((name) => [
      name,
      { auroc: mean((each) => each.detectors[name]!.auroc), ap: mean((each) => each.detectors[name]!.ap) },
    ]),
  );
  say(`mean AUROC / AP of ${results.length} runs: ${lineOf(means)}`);
  const seconds = results.map((each) => each.seconds);
  say(`seconds: median ${median(seconds).toFixed(1)}, most ${Math.max(...seconds).toFixed(1)}`);
}
