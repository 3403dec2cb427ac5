import { escapeXml } from "../pictures/escape.js";
import { histogram } from "../pictures/histogram.js";
import type { RegressionEvaluation } from "../regression/evaluate-regression.js";
import type { TargetEvaluation } from "../regression/evaluation.js";
import { evaluationLines } from "../regression/say-evaluation.js";
import { pageOf, table } from "./page-frame.js";

/** A run of `flowify train --predict`: the columns that it predicts, those that are given, and its scores. */
export type ReportedRegression = Readonly<{
  name: string;
  predict: readonly string[];
  given: readonly string[];
  evaluation: RegressionEvaluation;
}>;

/** One self-contained page about runs that predict. */
export async function regressionPage(runs: readonly ReportedRegression[]): Promise<string> {
  const title = runs.length === 1 ? `flowify: ${runs[0]?.name}` : `flowify: ${runs.length} runs`;
  return pageOf(title, await Promise.all(runs.map(section)));
}

async function section({ name, predict, given, evaluation }: ReportedRegression): Promise<string> {
  const { source, targets } = evaluation;
  return [
    `<h2>${escapeXml(name)}</h2>`,
    `<p>${escapeXml(`${predict.join(", ")} from ${given.join(", ")}, measured on ${source}.`)}</p>`,
    ...(await Promise.all(targets.map(targetSection))),
  ].join("\n");
}

async function targetSection(found: TargetEvaluation): Promise<string> {
  const { name, scores, baseline } = found;
  const [head = [], ...rows] = evaluationLines(found);
  const groups = [
    { name: "flows", values: scores?.ranks ?? [] },
    { name: "linear mean, Gaussian", values: baseline?.ranks ?? [] },
  ];
  return [
    `<h3>${escapeXml(name)}</h3>`,
    table(head, rows, "figures"),
    ...(scores
      ? [
          "<h3>Ranks of the values in their distributions</h3>",
          "<p>Level where the distributions are right; heaped in the middle where they are too wide, at both ends where they are too narrow.</p>",
          `<div class="wide">${await histogram(`Ranks of ${name}`, "rank", groups, { theme: "page" })}</div>`,
        ]
      : []),
  ].join("\n");
}
