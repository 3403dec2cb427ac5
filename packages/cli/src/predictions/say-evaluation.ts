import { LEVELS, type Scores } from "../regression/scores.js";
import type { Ahead } from "../series/ahead.js";
import { countOf, table } from "../ui/format.js";
import type { Terminal } from "../ui/terminal.js";
import type { TargetEvaluation } from "./evaluation.js";

const BINS = 10;

/** Values whose rank in their distribution lies in each tenth. */
function rankCounts(ranks: readonly number[]): number[] {
  const bins = ranks.map((rank) => Math.min(Math.floor(rank * BINS), BINS - 1));
  return Array.from({ length: BINS }, (_, bin) => bins.filter((each) => each === bin).length);
}

const shown = (value: number): string => String(Number(value.toPrecision(4)));
const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

/** A line a figure: its name, ours, those of the baselines. */
export function evaluationLines(found: TargetEvaluation): string[][] {
  const { measure, scores, baseline, lagBaselines = [], classes } = found;
  const log = `log p, a ${measure}`;
  if (classes) {
    const all = [
      { name: OWN, ...classes },
      ...(classes.logistic ? [{ name: "logistic regression", ...classes.logistic }] : []),
      { name: "the shares alone", ...classes.baseline },
    ];
    return [
      ["", ...all.map(({ name }) => name)],
      [log, ...all.map(({ logProb }) => logProb.toFixed(3))],
      [
        "most probable is right",
        ...all.map(({ accuracy }) => (accuracy === undefined ? "" : percent(accuracy))),
      ],
    ];
  }
  if (!scores || !baseline) return [];
  const all = [{ name: OWN, scores }, { name: LINEAR, scores: baseline }, ...lagBaselines];
  return [
    ["", ...all.map(({ name }) => name)],
    [log, ...all.map((each) => each.scores.logProb.toFixed(3))],
    ...lines(all),
    ["ranks by tenths", rankCounts(scores.ranks).join(" "), ...all.slice(1).map(() => "")],
  ];
}

export const OWN = "this run";
export const LINEAR = "linear mean, Gaussian";
/** A baseline is better from here on: a mixture that it is a part of differs by less. */
const LEAST_GAIN = 5e-3;

const lines = (all: readonly Readonly<{ scores: Scores }>[]): string[][] => [
  ["CRPS", ...all.map(({ scores }) => shown(scores.crps))],
  ["error of the mean (RMSE)", ...all.map(({ scores }) => shown(scores.rmse))],
  ...LEVELS.map((level, k) => [
    `within ${percent(level)}`,
    ...all.map(({ scores }) => percent(scores.coverage[k] ?? Number.NaN)),
  ]),
];

/** The same of forecasts, and what they are about. */
export const aheadLines = ({ scores, baselines }: Ahead): string[][] => {
  const all = [{ name: OWN, scores }, ...baselines];
  return [["", ...all.map(({ name }) => name)], ...lines(all)];
};
export const aheadTitle = ({ horizon, origins }: Ahead): string =>
  `forecasts of ${horizon === 1 ? "" : "1 to "}${countOf(horizon, "row")}, from ${countOf(origins, "row")} on`;

/** Baselines whose forecasts are better, and by how much. */
const betterAhead = ({ baselines, scores, horizon }: Ahead) =>
  baselines
    .map(({ name, scores: { crps } }) => ({ name, horizon, by: scores.crps - crps }))
    .filter(({ by }) => by >= 0);

/** Baselines that are better than the run, and what to do about it, a line each. */
function verdictsOf({
  name,
  scores,
  baseline,
  classes,
  lagBaselines = [],
  ahead,
}: TargetEvaluation): string[] {
  const own = scores?.logProb ?? classes?.logProb;
  const all = [
    {
      name: classes ? "the shares of the values alone are" : "a Gaussian with a linear mean is",
      logProb: baseline?.logProb ?? classes?.baseline.logProb,
    },
    ...(classes?.logistic ? [{ name: "a logistic regression is", ...classes.logistic }] : []),
    ...lagBaselines.map((each) => ({ name: `${each.name} is`, logProb: each.scores.logProb })),
  ];
  const advice = `train on more rows, or give it fewer ${lagBaselines.length > 0 ? "--lags" : "columns"}`;
  return [
    ...all.flatMap((each) =>
      own !== undefined && each.logProb !== undefined && each.logProb - own >= LEAST_GAIN
        ? [
            `${name}: ${each.name} better than this run, by ${(each.logProb - own).toFixed(3)} of log p: ${advice}`,
          ]
        : [],
    ),
    ...(ahead ? betterAhead(ahead) : []).map(
      ({ by, ...each }) =>
        `${name}: ${each.name} is better than this run up to ${countOf(each.horizon, "row")} ahead, by ${shown(by)} of CRPS: ${advice}`,
    ),
  ];
}

/** Prints the scores of each target beside those of its baseline. */
export function sayEvaluation(
  { say, warn, quiet, colors }: Pick<Terminal, "say" | "warn" | "quiet" | "colors">,
  all: readonly TargetEvaluation[],
  source: string,
): void {
  for (const [i, found] of all.entries()) {
    if (quiet) {
      say(`${found.name}: log p ${(found.scores ?? found.classes)?.logProb.toFixed(3)}`);
      continue;
    }
    if (i > 0) say();
    say(
      `${colors.bold(found.name)} on ${source}${found.rows === 0 ? ": no values" : `, ${countOf(found.rows, "value")}`}`,
    );
    const sayTable = (rows: readonly string[][]): void => {
      const [head = []] = rows;
      for (const line of table(rows, [false, ...head.slice(1).map(() => true)])) say(line);
    };
    if (found.rows > 0) sayTable(evaluationLines(found));
    if (!found.ahead) continue;
    say(`${found.name}: ${aheadTitle(found.ahead)}`);
    sayTable(aheadLines(found.ahead));
  }
  for (const found of all) if (found.rows > 0) for (const line of verdictsOf(found)) warn(line);
}

/** How many values lie in the intervals that held-out rows guarantee, of each target. */
export function sayConformal(
  { say, quiet }: Pick<Terminal, "say" | "quiet">,
  all: readonly TargetEvaluation[],
  covered: readonly number[],
): void {
  if (quiet) return;
  say();
  for (const [t, { name, rows }] of all.entries())
    if (rows > 0)
      say(
        `${name}: ${percent(covered[t] ?? Number.NaN)} of the values lie in the intervals that held-out rows make for 90 %`,
      );
}

/** The same for JSON. */
export function evaluationDocument(found: TargetEvaluation) {
  const { name, measure, rows, scores, baseline, lagBaselines, ahead, classes } = found;
  const numbers = (of: Scores | undefined) =>
    of && {
      ...(!Number.isNaN(of.logProb) && { logProb: of.logProb }),
      crps: of.crps,
      rmse: of.rmse,
      coverage: LEVELS.map((level, k) => ({ level, covered: of.coverage[k] })),
      ranks: rankCounts(of.ranks),
    };
  const named = (all: readonly Readonly<{ name: string; scores: Scores }>[]) =>
    all.map((each) => ({ name: each.name, ...numbers(each.scores) }));
  return {
    name,
    measure,
    rows,
    ...numbers(scores),
    ...classes,
    ...(baseline && { baseline: numbers(baseline) }),
    ...(lagBaselines && { lagBaselines: named(lagBaselines) }),
    ...(ahead && {
      ahead: {
        horizon: ahead.horizon,
        origins: ahead.origins,
        ...numbers(ahead.scores),
        lagBaselines: named(ahead.baselines),
      },
    }),
  };
}
