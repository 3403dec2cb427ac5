import { expect, it } from "vitest";
import { judgedLine, verdictOf } from "../../src/training/verdict.js";

const training = { learningRate: 0.01 };
const judged = (validateEvery: number | undefined, ends: number) =>
  verdictOf({
    config: {
      data: { shape: [4] },
      training,
      ...(validateEvery !== undefined && { validateEvery }),
    } as never,
    records: [
      { step: 0, split: "validation", nll: 24.2 },
      { step: 1, nll: 24.4 },
      { step: 20, nll: ends },
      { step: 20, split: "test", nll: 24.9 },
    ],
    judgedStep: 20,
    taken: 20,
    figure: 24.9,
    uniform: 40,
  }).warnings;

it("a run is not called worse than its initialization because test rows are less likely than held-out ones", () => {
  expect(judged(5, 24.1)).toEqual([]);
  expect(judged(undefined, 24.1)).toEqual([]);
});

it("a run whose batches became less likely is", () => {
  expect(judged(undefined, 30)).toEqual([
    "the run ends at 30.000 nats per row, worse than 24.400 nats per row at initialization; try smaller steps than 0.01, or more of them",
  ]);
});

it("a run says why it ended before its last step, and which state is used", () => {
  const line = (judgedStep: number, taken: number) => judgedLine({ judgedStep, taken, warnings: [] }, 500);
  expect(line(125, 250)).toBe(
    "held-out log p has not risen since step 125; stopped at step 250 of 500; flowify evaluate, sample and the other commands use step 125",
  );
  expect(line(125, 500)).toBe(
    "the best state on the held-out examples is step 125 of 500; flowify evaluate, sample and the other commands use it",
  );
  expect(line(500, 500)).toBeUndefined();
});

it("a run that keeps its start says that the rows are described, and not that steps were too large", () => {
  const verdict = (...shape: number[]) =>
    verdictOf({
      config: { data: { shape }, training, validateEvery: 5 } as never,
      records: [],
      judgedStep: 0,
      taken: 125,
      figure: 24.9,
      uniform: 40,
    });
  const said = verdict(4);
  expect(said.warnings).toEqual([]);
  expect(judgedLine(said, 500)).toBe(
    "the start of the run, which is fitted to the rows, is as good as this table gets: no step made held-out rows likelier by more than chance, so the run keeps it",
  );
  expect(verdict(1, 2, 2).warnings).toEqual([expect.stringContaining("try smaller steps than 0.01")]);
  // a baseline is better than this start
  expect(judgedLine({ ...said, keepsFitted: false }, 500)).toBe(
    "held-out log p has not risen since step 0; stopped at step 125 of 500; flowify evaluate, sample and the other commands use step 0",
  );
});
