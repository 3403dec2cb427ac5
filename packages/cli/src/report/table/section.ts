import { repairText, type TableReasons } from "../../detect/reasons/table-reasons.js";
import { escapeXml } from "../../pictures/escape.js";
import { table } from "../../pictures/page-frame.js";
import { seriesColor } from "../../pictures/theme.js";
import { lastOf, valueAt } from "../../places.js";
import { formatCount } from "../../ui/format.js";
import { calibrationChart, colorOf, columnChart, type Named, pairChart, scoreChart } from "./charts.js";
import type { ColumnView } from "./columns.js";
import type { PairView } from "./pairs.js";
import type { TwoSample } from "./two-sample.js";

/** What a report says of a run of a table. */
export type TableReport = Readonly<{
  /** The rows that are judged: where they are from, how many, and how many of them are flagged. */
  judged: Readonly<{ source: string; rows: number; flagged: number }>;
  falseAlarms: number;
  /** The score from which on rows are flagged; none where the held-out rows are too few. */
  threshold: number | undefined;
  unit: string;
  scores: readonly Named[];
  /** p-values of rows that the calibration does not consist of, and whether they are uniform. */
  pValues: readonly (Named & Readonly<{ uniform: TwoSample }>)[];
  worst: readonly Readonly<{ name: string; score: number; p: number; reasons: TableReasons }>[];
  pairs: readonly PairView[];
  /** Training rows first, then generated ones, then those of a new file. */
  columns: readonly ColumnView[];
  /** A few training rows and generated ones, as a table holds them. */
  examples: readonly Readonly<{ name: string; rows: readonly (readonly string[])[] }>[];
}>;

/** Reasons of a row that are shown. */
const REASONS = 5;

/** Differences are marked where chance makes one of so many columns. */
const CHANCE = 0.01;

export const TABLE_STYLE = `
.charts { display: flex; flex-wrap: wrap; gap: 16px 24px; } .charts figure { margin: 0; max-width: 100%; } figcaption { font-size: 0.875rem; font-weight: 600; overflow-wrap: anywhere; }
.odd { border-top: 1px solid var(--line); padding: 12px 0; } .odd p { margin: 4px 0; } .odd h4 { margin: 0; font-size: 1rem; overflow-wrap: anywhere; }
.gains { display: grid; grid-template-columns: minmax(0, 2fr) minmax(5.6rem, 2fr) minmax(0, 3fr) 5rem; max-width: 46rem; gap: 4px 12px; font-size: 0.9rem; margin: 8px 0; } .gains span { overflow-wrap: anywhere; }
.bar { display: block; height: 0.75rem; margin-top: 0.3rem; background: ${seriesColor(0)}; border-radius: 2px; }
.key { display: inline-block; margin-right: 16px; } .key i { display: inline-block; width: 0.75rem; height: 0.75rem; border-radius: 2px; margin-right: 6px; }
.moved { font-weight: 600; }
`;

/** The part of a report about a table: HTML without scripts; all that users wrote is escaped. */
export async function tableSection(report: TableReport): Promise<string> {
  const { judged, falseAlarms, threshold, unit, scores, worst, pairs, columns } = report;
  return [
    `<h3>Scores</h3>`,
    paragraph(
      `Of ${judged.source}, ${formatCount(judged.flagged)} of ${formatCount(judged.rows)} rows are flagged at false alarms of ${falseAlarms}.`,
    ),
    `<div class="wide">${await scoreChart(scores, unit, threshold)}</div>`,
    ...(await calibration(report)),
    `<h3>The most unlikely rows</h3>`,
    ...worst.map((row) => oddRow(row, report)),
    ...(pairs.length > 0
      ? [
          `<h3>Pairs of columns</h3>`,
          paragraph(
            "The lines hold 50, 80 and 95 % of the generated rows. Dots are training rows, crosses the most unlikely rows.",
          ),
          await charts(
            pairs.map((pair) => ({ caption: `${pair.x.name} and ${pair.y.name}`, svg: pairChart(pair) })),
          ),
        ]
      : []),
    `<h3>Columns</h3>`,
    `<p>${(columns[0]?.groups ?? []).map(({ name }, i) => `<span class="key"><i style="background:${colorOf(i)}"></i>${escapeXml(name)}</span>`).join("")}</p>`,
    await charts(columns.map((column) => ({ caption: column.name, svg: columnChart(column) }))),
    ...differences(columns),
    ...examples(report),
  ].join("\n");
}

const paragraph = (text: string): string => `<p>${escapeXml(text)}</p>`;

async function charts(all: readonly Readonly<{ caption: string; svg: Promise<string> }>[]): Promise<string> {
  const figures = await Promise.all(
    all.map(
      async ({ caption, svg }) =>
        `<figure><figcaption>${escapeXml(caption)}</figcaption>${await svg}</figure>`,
    ),
  );
  return `<div class="charts">${figures.join("")}</div>`;
}

/**
 * The half width of a band that holds the distribution function of `count` p-values with probability 0.99, where these are ranks
 * among `heldOut` scores. Source: Massart 1990, with the size of a two-sample test.
 */
const bandOf = (count: number, heldOut: number): number =>
  Math.sqrt((Math.log(2 / 0.01) * (count + heldOut)) / (2 * count * heldOut));

async function calibration({ pValues, scores }: TableReport): Promise<string[]> {
  const heldOut = valueAt(scores, 0).values.length;
  const judged = lastOf(pValues).values.length;
  return [
    `<h3>Calibration of the p-values</h3>`,
    paragraph(
      `Rows like the held-out ones have p-values of at most α with probability α: their curve stays in the grey band with probability 0.99. Distance from uniform: ${pValues.map(({ name, uniform }) => `${name} ${uniform.statistic.toFixed(3)} (p = ${shownP(uniform.p)})`).join(", ")}.`,
    ),
    `<div class="wide">${await calibrationChart(pValues, bandOf(judged, heldOut))}</div>`,
  ];
}

function oddRow(
  { name, score, p, reasons }: TableReport["worst"][number],
  { unit, falseAlarms }: TableReport,
): string {
  const shown = reasons.blamed.slice(0, REASONS);
  const most = Math.max(...shown.map(({ gain }) => gain));
  const bars = shown.map(
    ({ name: column, value, gain }) =>
      `<span>${escapeXml(column)}</span><span>${escapeXml(value)}</span><span><span class="bar" style="width:${((100 * gain) / most).toFixed(1)}%"></span></span><span>${gain.toFixed(1)} nats</span>`,
  );
  const repair = repairText(reasons);
  return `<div class="odd"><h4>${escapeXml(name)}</h4>${paragraph(`${unit} ${score.toPrecision(4)}, p-value ${shownP(p)}`)}<div class="gains">${bars.join("")}</div>${paragraph(repair ? `Not flagged with ${repair}.` : p > falseAlarms ? "Not flagged." : "No change of three columns makes it usual.")}${paragraph(`Nearest training rows: ${reasons.nearest.join(", ")}.`)}</div>`;
}

const shownP = (p: number): string => (p < 0.0001 ? "below 0.0001" : p.toPrecision(2));

/** How far the groups are from the training rows, column by column, the farthest first. */
function differences(columns: readonly ColumnView[]): string[] {
  const groups = columns[0]?.groups.slice(1).map(({ name }) => name) ?? [];
  if (groups.length === 0) return [];
  const last = groups.length;
  const sorted = [...columns].sort(
    (a, b) => valueAt(b.groups, last).difference.statistic - valueAt(a.groups, last).difference.statistic,
  );
  const head = ["column", ...groups.flatMap((name) => [name, "p"])];
  const body = sorted.map(({ name, groups: [, ...others] }) => {
    const cells = others.map(({ difference: { statistic, p } }) => {
      const style = `class="number${p < CHANCE / columns.length ? " moved" : ""}"`;
      return `<td ${style}>${statistic.toFixed(3)}</td><td ${style}>${escapeXml(shownP(p))}</td>`;
    });
    return `<tr><td>${escapeXml(name)}</td>${cells.join("")}</tr>`;
  });
  return [
    `<h3>Differences from the training rows</h3>`,
    paragraph(
      `Numbers: the largest distance of the distribution functions (Kolmogorov and Smirnov). Categories: the total variation, p by χ². Bold: less likely than ${CHANCE} by chance in any of the columns.`,
    ),
    `<div class="wide"><table><thead><tr>${head.map((cell, k) => `<th${k > 0 ? ' class="number"' : ""}>${escapeXml(cell)}</th>`).join("")}</tr></thead><tbody>${body.join("")}</tbody></table></div>`,
  ];
}

function examples({ examples: all, columns }: TableReport): string[] {
  return all.flatMap(({ name, rows }) => [
    `<details><summary>${escapeXml(name)}</summary>${table(
      columns.map((column) => column.name),
      rows,
    )}</details>`,
  ]);
}
