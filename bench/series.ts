import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { byPython, fileHere, printedBy, table } from "./processes.js";
import { faults, pumpCsv, pumpRows } from "./pumps.js";

/** Rows to train on, rows of a series, and those of its fault. */
const [TRAIN, ROWS] = [2000, 1200];
const FAULTY = { from: 600, to: 1000 } as const;
/** Rows that the next one is learned from; the share of normal rows that is flagged; rows whose mean score is judged. */
const [LAGS, FALSE_ALARMS, MEANS] = [3, 0.13, [1, 10]] as const;

type Scores = readonly (readonly number[])[];

/** Scores of all rows; those without enough rows before them have the middle score. */
function ours(train: string, tests: readonly string[]): Scores {
  const folder = mkdtempSync(join(tmpdir(), "flowify-series-"));
  const flowify = (...args: string[]): string =>
    printedBy(process.execPath, [fileHere("../packages/cli/bin/flowify.js"), ...args]);
  try {
    const [data, fitted] = [join(folder, "rows.csv"), join(folder, "run")];
    writeFileSync(data, train);
    flowify("train", "--data", data, "--time", "second", "--lags", String(LAGS), "--out", fitted, "--quiet");
    return tests.map((rows) => {
      writeFileSync(data, rows);
      const out = join(folder, "scores.csv");
      flowify("score", fitted, "--data", data, "--out", out, "--force", "--quiet");
      const scores = readFileSync(out, "utf8")
        .trim()
        .split("\n")
        .slice(1)
        .map((line) => Number(line.split(",")[1]));
      const middle = scores.toSorted((a, b) => a - b)[scores.length >> 1] as number;
      return [...new Array<number>(LAGS).fill(middle), ...scores];
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The mean of a score and those before it. */
const smoothed = (scores: readonly number[], rows: number): number[] =>
  scores.map((_, i) => {
    const own = scores.slice(Math.max(0, i + 1 - rows), i + 1);
    return own.reduce((a, b) => a + b, 0) / own.length;
  });

/** F1 over all rows where this share of the normal rows is flagged, and of each series the share of its faulty rows. */
function judged(scores: Scores, labels: Scores): { f1: number; found: number[] } {
  const all = scores.flatMap((own, s) => own.map((score, i) => ({ score, isFaulty: labels[s]?.[i] === 1 })));
  const normal = all.filter(({ isFaulty }) => !isFaulty).map(({ score }) => score);
  const threshold = normal.sort((a, b) => b - a)[Math.floor(FALSE_ALARMS * normal.length)] as number;
  const flagged = all.filter(({ score }) => score > threshold);
  const right = flagged.filter(({ isFaulty }) => isFaulty).length;
  const found = scores.map((own, s) => {
    const faulty = own.filter((_, i) => labels[s]?.[i] === 1);
    return faulty.filter((score) => score > threshold).length / faulty.length;
  });
  return { f1: (2 * right) / (flagged.length + all.length - normal.length), found };
}

/**
 * Twelve faults of a plant that is made by a seed, after those of SKAB: F1 at 13 % false alarms, beside isolation forest and PCA
 * of Python's sklearn, which learn from the same rows.
 */
export function benchSeries(seed: number): void {
  const train = pumpRows(TRAIN, 1000 * (seed + 1)).rows;
  const series = faults.map((fault, i) => pumpRows(ROWS, 1000 * (seed + 1) + i + 1, { fault, ...FAULTY }));
  const tests = series.map(({ rows }) => rows);
  const labels = series.map((each) => each.labels);
  const others = byPython<Record<string, Scores>>("series.py", { train, tests });
  const methods = { flowify: ours(pumpCsv(train), tests.map(pumpCsv)), ...others };
  const rows = Object.entries(methods).flatMap(([name, scores]) =>
    MEANS.map((mean) => {
      const means = scores.map((own) => smoothed(own, mean));
      const { f1, found } = judged(means, labels);
      return [name, String(mean), f1.toFixed(3), ...found.map((share) => share.toFixed(2))];
    }),
  );
  console.log(table(["method", "rows", "F1", ...faults.map(({ name }) => name)], rows));
}
