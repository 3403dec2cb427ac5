import { escapeXml } from "../pictures/escape.js";
import { fanChart } from "../pictures/fan-chart.js";
import { histogram } from "../pictures/histogram.js";
import { pageOf, table } from "../pictures/page-frame.js";
import type { RegressionEvaluation } from "../predictions/evaluate.js";
import type { TargetEvaluation } from "../predictions/evaluation.js";
import { aheadLines, aheadTitle, evaluationLines, LINEAR, OWN } from "../predictions/say-evaluation.js";
import type { Ahead } from "../series/ahead.js";

/** A run of `flowify train --predict`: its columns, and its scores. */
export type ReportedRegression = Readonly<{
  name: string;
  /** In words: which columns are predicted, and from which others. */
  from: string;
  /** The time of rows that follow each other. */
  time?: Readonly<{ name: string; isDate: boolean }>;
  evaluation: RegressionEvaluation;
}>;

/** One self-contained page about runs that predict. */
export async function regressionPage(runs: readonly ReportedRegression[]): Promise<string> {
  const title = runs.length === 1 ? `flowify: ${runs[0]?.name}` : `flowify: ${runs.length} runs`;
  return pageOf(title, await Promise.all(runs.map(section)));
}

async function section({ name, from, time, evaluation }: ReportedRegression): Promise<string> {
  const { source, targets } = evaluation;
  return [
    `<h2>${escapeXml(name)}</h2>`,
    `<p>${escapeXml(`${from}, measured on ${source}.`)}</p>`,
    ...(await Promise.all(targets.map((target) => targetSection(target, time)))),
  ].join("\n");
}

async function targetSection(found: TargetEvaluation, time: ReportedRegression["time"]): Promise<string> {
  const { name, scores, baseline, ahead } = found;
  const [head = [], ...rows] = evaluationLines(found);
  const groups = [
    { name: OWN, values: scores?.ranks ?? [] },
    { name: LINEAR, values: baseline?.ranks ?? [] },
  ];
  return [
    `<h3>${escapeXml(name)}</h3>`,
    table(head, rows),
    ...(scores
      ? [
          "<h3>Ranks of the values in their distributions</h3>",
          "<p>Level where the distributions are right; heaped in the middle where they are too wide, at both ends where they are too narrow.</p>",
          `<div class="wide">${await histogram(`Ranks of ${name}`, "rank", groups, { theme: "page", ranks: true })}</div>`,
        ]
      : []),
    ...(ahead && time ? await aheadSection(name, ahead, time) : []),
  ].join("\n");
}

async function aheadSection(
  name: string,
  ahead: Ahead,
  time: NonNullable<ReportedRegression["time"]>,
): Promise<string[]> {
  const [head = [], ...rows] = aheadLines(ahead);
  const title = `A forecast of ${name} and what came`;
  const panels = [ahead.example];
  return [
    `<h3>${escapeXml(`${name}: ${aheadTitle(ahead)}`)}</h3>`,
    table(head, rows),
    `<h3>${escapeXml(title)}</h3>`,
    "<p>The past, the median in bands of 50, 80 and 95 %, and in another colour what came.</p>",
    `<div class="wide">${await fanChart({ title, time: time.name, isDate: time.isDate, panels, theme: "page" })}</div>`,
  ];
}
