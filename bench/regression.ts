import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Executor } from "@flowify/core";
import { Predictive, regression, scoresOf } from "flowify/regression";
import { withExecutor } from "../packages/cli/src/executors.js";
import {
  gaussianLog,
  gaussianPredictive,
  linearGaussian,
  linearMean,
} from "../packages/cli/src/regression/linear-gaussian.js";
import { meanOf } from "../packages/cli/src/statistics.js";
import type { Given } from "./flags.js";
import { byPython, chosenBy, print, say } from "./processes.js";

type Scores = ReturnType<typeof scoresOf>;

type Table = Readonly<{ given: readonly number[][]; values: readonly number[]; tests: readonly number[][] }>;
type Split = Readonly<{ given: readonly number[][]; values: readonly number[] }>;

function readTable(folder: string): Table {
  const lines = readFileSync(join(folder, "rows.csv"), "utf8").trim().split("\n").slice(1);
  const rows = lines.map((line) => line.split(",").map(Number));
  const { test } = JSON.parse(readFileSync(join(folder, "splits.json"), "utf8")) as { test: number[][] };
  return {
    given: rows.map((row) => row.slice(0, -1)),
    values: rows.map((row) => row.at(-1) as number),
    tests: test,
  };
}

const rowsAt = ({ given, values }: Table, which: readonly number[]): Split => ({
  given: which.map((i) => given[i] as number[]),
  values: which.map((i) => values[i] as number),
});

/** Values that are whole numbers, of which there are few, have probabilities. */
const stepOf = (values: readonly number[]): number | undefined =>
  values.every(Number.isInteger) ? 1 : undefined;

async function ours(train: Split, test: Split, seed: number, executor: Executor): Promise<Scores> {
  const step = stepOf(train.values);
  const model = await regression({ ...train, seed, executor, ...(step !== undefined && { step }) });
  try {
    const logs = await model.logProb(test.values, test);
    return scoresOf(await model.predict(test.given), test.values, logs);
  } finally {
    await model.dispose();
  }
}

function linear(train: Split, test: Split): Scores {
  const width = (train.given[0] as number[]).length;
  const step = stepOf(train.values);
  const fitted = linearGaussian(train.given.flat(), width, train.values);
  const onGrid = (value: number): number => (step === undefined ? value : Math.round(value / step) * step);
  return scoresOf(
    test.given.map(
      (row) =>
        new Predictive(gaussianPredictive(linearMean(fitted, row), fitted.std, 256).points.map(onGrid)),
    ),
    test.values,
    test.values.map((value, i) =>
      gaussianLog(value, linearMean(fitted, test.given[i] as number[]), fitted.std, step),
    ),
  );
}

/** Quantiles have no density: NaN stands for its logarithm. */
function boosted(train: Split, test: Split): Scores {
  const task = { train: { x: train.given, y: train.values }, test: { x: test.given } };
  return scoresOf(
    byPython<number[][]>("boosting.py", task).map((quantiles) => new Predictive(quantiles)),
    test.values,
    test.values.map(() => Number.NaN),
  );
}

const rounded = (value: number): number => Number(value.toFixed(4));

function printMeans(set: string, method: string, all: readonly Scores[], seconds: number): void {
  const mean = (of: (scores: Scores) => number): number => rounded(meanOf(all.map(of)));
  print({
    set,
    method,
    splits: all.length,
    logProb: mean(({ logProb }) => logProb),
    crps: mean(({ crps }) => crps),
    rmse: mean(({ rmse }) => rmse),
    coverage: [0, 1, 2].map((k) => mean(({ coverage }) => coverage[k] as number)),
    seconds: rounded(seconds),
  });
}

/** Regression on sets with usual splits: log-likelihood in units of y, or of whole numbers as a probability; CRPS; coverage of 50, 80 and 95 % intervals. */
export async function benchRegression({
  regression: folder = "",
  only = "",
  ...given
}: Given): Promise<void> {
  const { splits, threads, boosting } = given;
  const all = readdirSync(folder).filter((name) => existsSync(join(folder, name, "splits.json")));
  const names = chosenBy(only, all);
  await withExecutor({ device: "native", threads }, { warn: say }, async (executor) => {
    for (const name of names) {
      const table = readTable(join(folder, name));
      const [own, plain, trees]: [Scores[], Scores[], Scores[]] = [[], [], []];
      let ms = 0;
      for (const split of splits ?? table.tests.keys()) {
        const test = new Set(table.tests[split] ?? []);
        const others = table.values.flatMap((_, i) => (test.has(i) ? [] : [i]));
        const [train, held] = [rowsAt(table, others), rowsAt(table, [...test])];
        const began = performance.now();
        own.push(await ours(train, held, split, executor));
        ms += performance.now() - began;
        plain.push(linear(train, held));
        if (boosting) trees.push(boosted(train, held));
        say(`${name} ${split}: log p ${own.at(-1)?.logProb.toFixed(3)}, CRPS ${own.at(-1)?.crps.toFixed(4)}`);
      }
      printMeans(name, "flowify", own, ms / 1000 / own.length);
      printMeans(name, "Gaussian with a linear mean", plain, 0);
      if (trees.length > 0) printMeans(name, "gradient boosting, quantile loss", trees, 0);
    }
  });
}
