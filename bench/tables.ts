import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { auroc, type Executor, UsageError } from "@flowify/core";
import { permutation } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import {
  averagePrecision,
  type DetectorScores,
  detectorScores,
  openExecutor,
  readLabelledRows,
} from "flowify";

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

/** The smallest `sets` files of a folder: they take the least time. */
function filesOf(folder: string, sets: number | undefined): string[] {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(".npz"))
    .sort((a, b) => statSync(join(folder, a)).size - statSync(join(folder, b)).size);
  if (files.length === 0) throw new UsageError(`--tables ${folder}: holds no .npz files`);
  return files.slice(0, sets);
}

/**
 * The protocol of ADBench's one-class setting: half of the normal rows train, the other half and all anomalies are judged.
 * Labels enter into the split and the figures, nowhere else.
 */
async function benchSet(executor: Executor, path: string, seed: number): Promise<Omit<SetResult, "set">> {
  const { rows, labels, width } = await readLabelledRows(path);
  const places = Array.from(labels.keys());
  const normal = places.filter((i) => labels[i] === 0);
  const order = Array.from(permutation(makeRng(seed), normal.length), (i) => normal[i]!);
  const learnt = order.slice(0, Math.floor(normal.length / 2));
  const own = order.slice(learnt.length);
  const strange = places.filter((i) => labels[i] !== 0);
  const pick = (which: readonly number[]): Float32Array =>
    Float32Array.from(
      { length: which.length * width },
      (_, at) => rows[which[Math.floor(at / width)]! * width + (at % width)]!,
    );
  const began = performance.now();
  const scores: DetectorScores = await detectorScores(
    executor,
    pick(learnt),
    pick([...own, ...strange]),
    width,
    { seed },
  );
  const seconds = (performance.now() - began) / 1000;
  const detectors = Object.fromEntries(
    Object.entries(scores).map(([name, all]) => {
      const [low, high] = [all.subarray(0, own.length), all.subarray(own.length)];
      return [name, { auroc: 100 * auroc(low, high), ap: 100 * averagePrecision(low, high) }];
    }),
  );
  return { seed, rows: labels.length, columns: width, seconds, detectors };
}

const show = ({ auroc: area, ap }: Figures): string => `${area.toFixed(1)} / ${ap.toFixed(1)}`;

/** Detectors on labelled sets: a line of JSON each on standard output, a line for people on standard error, and means. */
export async function benchTables(folder: string, sets: number | undefined, seeds: number): Promise<void> {
  const executor = await openExecutor("auto", { warn: (line) => process.stderr.write(`${line}\n`) });
  const results: SetResult[] = [];
  try {
    for (const file of filesOf(folder, sets))
      for (let seed = 0; seed < seeds; seed++) {
        const result = { set: file, ...(await benchSet(executor, join(folder, file), seed)) };
        results.push(result);
        process.stdout.write(`${JSON.stringify(result)}\n`);
        process.stderr.write(
          `${file} seed ${seed}: ${lineOf(result.detectors)}; ${result.seconds.toFixed(1)} s\n`,
        );
      }
  } finally {
    await executor.dispose();
  }
  const names = Object.keys(results[0]?.detectors ?? {});
  const mean = (of: (each: SetResult) => number): number =>
    results.reduce((sum, each) => sum + of(each), 0) / results.length;
  const means = Object.fromEntries(
    names.map((name) => [
      name,
      { auroc: mean((each) => each.detectors[name]!.auroc), ap: mean((each) => each.detectors[name]!.ap) },
    ]),
  );
  process.stderr.write(`mean AUROC / AP of ${results.length} runs: ${lineOf(means)}\n`);
}

const lineOf = (detectors: Readonly<Record<string, Figures>>): string =>
  Object.entries(detectors)
    .map(([name, figures]) => `${name} ${show(figures)}`)
    .join(", ");
