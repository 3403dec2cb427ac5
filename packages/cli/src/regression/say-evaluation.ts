import { formatCount, table } from "../ui/format.js";
import type { Terminal } from "../ui/terminal.js";
import type { TargetEvaluation } from "./evaluation.js";
import { LEVELS, type Scores } from "./scores.js";

/** Bins of the ranks. */
const BINS = 10;

/** Values whose rank in their distribution lies in each tenth. */
function rankCounts(ranks: readonly number[]): number[] {
  const counts = new Array<number>(BINS).fill(0);
  for (const rank of ranks) counts[Math.min(Math.floor(rank * BINS), BINS - 1)]!++;
  return counts;
}

const shown = (value: number): string => String(Number(value.toPrecision(4)));
const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

/** A line a figure: its name, ours, the baseline's. */
export function evaluationLines({ measure, scores, baseline, classes }: TargetEvaluation): string[][] {
  const log = `log p, a ${measure}`;
  if (classes)
    return [
      ["", "flows", "the shares alone"],
      [log, classes.logProb.toFixed(3), classes.baseline.logProb.toFixed(3)],
      ["most probable is right", percent(classes.accuracy), percent(classes.baseline.accuracy)],
    ];
  const [own, plain] = [scores!, baseline!];
  const line = (name: string, of: (scores: Scores) => string): string[] => [name, of(own), of(plain)];
  return [
    ["", "flows", "linear mean, Gaussian"],
    line(log, ({ logProb }) => logProb.toFixed(3)),
    line("CRPS", ({ crps }) => shown(crps)),
    line("error of the mean (RMSE)", ({ rmse }) => shown(rmse)),
    ...LEVELS.map((level, k) => line(`within ${percent(level)}`, ({ coverage }) => percent(coverage[k]!))),
    ["ranks by tenths", rankCounts(own.ranks).join(" "), ""],
  ];
}

/** What to do about a run that is no better than its baseline; undefined for one that is. */
function verdictOf({ name, scores, baseline, classes }: TargetEvaluation): string | undefined {
  const own = scores?.logProb ?? classes?.logProb;
  const plain = baseline?.logProb ?? classes?.baseline.logProb;
  if (own === undefined || plain === undefined || !(plain >= own)) return undefined;
  const simple = classes ? "the shares of the values alone are" : "a Gaussian with a linear mean is";
  return `${name}: ${simple} better than the flows, by ${(plain - own).toFixed(3)} of log p: train on more rows, or give it fewer columns`;
}

/** Prints the scores of each target beside those of its baseline. */
export function sayEvaluation(
  { say, warn, quiet, colors }: Pick<Terminal, "say" | "warn" | "quiet" | "colors">,
  all: readonly TargetEvaluation[],
  source: string,
): void {
  for (const [i, found] of all.entries()) {
    if (quiet) {
      const { logProb } = found.scores ?? found.classes!;
      say(`${found.name}: log p ${logProb.toFixed(3)}`);
      continue;
    }
    if (i > 0) say();
    say(
      `${colors.bold(found.name)} on ${source}${found.rows === 0 ? ": no values" : `, ${formatCount(found.rows)} values`}`,
    );
    if (found.rows > 0) for (const line of table(evaluationLines(found), [false, true, true])) say(line);
  }
  for (const found of all) {
    const verdict = found.rows > 0 ? verdictOf(found) : undefined;
    if (verdict !== undefined) warn(verdict);
  }
}

/** How many values lie in the intervals that held-out rows guarantee, of each target. */
export function sayConformal(
  { say, quiet }: Pick<Terminal, "say" | "quiet">,
  all: readonly TargetEvaluation[],
  covered: readonly number[],
): void {
  if (quiet) return;
  say();
  for (const [t, { name }] of all.entries())
    say(
      `${name}: ${percent(covered[t] ?? Number.NaN)} of the values lie in the intervals that held-out rows make for 90 %`,
    );
}

/** The same for JSON. */
export function evaluationDocument({ name, measure, rows, scores, baseline, classes }: TargetEvaluation) {
  const numbers = (of: Scores | undefined) =>
    of && {
      logProb: of.logProb,
      crps: of.crps,
      rmse: of.rmse,
      coverage: LEVELS.map((level, k) => ({ level, covered: of.coverage[k] })),
      ranks: rankCounts(of.ranks),
    };
  return {
    name,
    measure,
    rows,
    ...numbers(scores),
    ...classes,
    ...(baseline && { baseline: numbers(baseline) }),
  };
}
