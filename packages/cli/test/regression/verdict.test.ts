import { expect, it } from "vitest";
import type { TargetEvaluation } from "../../src/predictions/evaluation.js";
import { sayEvaluation } from "../../src/predictions/say-evaluation.js";

const numbers = (logProb: number) => ({
  rows: 9,
  logProb,
  crps: 1,
  rmse: 1,
  coverage: [0.5, 0.8, 0.95],
  ranks: [0.05, 0.5],
});

/** What is warned of one target. */
function warned(found: Partial<TargetEvaluation>): string[] {
  const warnings: string[] = [];
  const colors = { bold: (text: string) => text };
  const terminal = { say: () => {}, warn: (text: string) => void warnings.push(text), quiet: false, colors };
  const facts = { name: "price", measure: "density", rows: 9, logs: [], outwardness: [] } as const;
  sayEvaluation(terminal as never, [{ ...facts, ...found }], "rows");
  return warnings;
}

it("says so where a Gaussian with a linear mean is better, and nothing where it is not", () => {
  expect(warned({ scores: numbers(-1), baseline: numbers(-1.2) })).toEqual([]);
  // a mixture whose weight lies on the line is the line
  expect(warned({ scores: numbers(-1.0001), baseline: numbers(-1) })).toEqual([]);
  expect(warned({ scores: numbers(-1.2), baseline: numbers(-1) })).toEqual([
    "price: a Gaussian with a linear mean is better than this run, by 0.200 of log p: train on more rows, or give it fewer columns",
  ]);
});

it("says so where the shares of the classes alone, or a logistic regression, are better", () => {
  const classes = (logProb: number, logistic = -2) => ({
    logProb,
    accuracy: 0.5,
    baseline: { logProb: -0.7, accuracy: 0.4 },
    logistic: { logProb: logistic },
  });
  expect(warned({ classes: classes(-0.5) })).toEqual([]);
  expect(warned({ classes: classes(-0.9) })).toHaveLength(1);
  expect(warned({ classes: classes(-0.9), rows: 0 })).toEqual([]);
  expect(warned({ classes: classes(-0.5, -0.497) })).toEqual([]);
  expect(warned({ classes: classes(-0.5, -0.4) })).toEqual([
    "price: a logistic regression is better than this run, by 0.100 of log p: train on more rows, or give it fewer columns",
  ]);
});

it("says so where a value of the past is better, of the next row or of a forecast", () => {
  const scores = numbers(-1);
  const past = (logProb: number) => [{ name: "the last value", scores: { ...numbers(logProb), crps: 0.5 } }];
  expect(warned({ scores, baseline: numbers(-2), lagBaselines: past(-1.2) })).toEqual([]);
  const ahead = { horizon: 6, origins: 3, scores, baselines: past(Number.NaN), example: {} as never };
  expect(warned({ scores, baseline: numbers(-2), lagBaselines: past(-0.9), ahead })).toEqual([
    "price: the last value is better than this run, by 0.100 of log p: train on more rows, or give it fewer --lags",
    "price: the last value is better than this run up to 6 rows ahead, by 0.5 of CRPS: train on more rows, or give it fewer --lags",
  ]);
});
