import { nounOf } from "../data/image-set.js";
import { qualityRows } from "../quality/say-quality.js";
import { formatBpd, formatCount } from "../ui/format.js";
import { formatDuration } from "../ui/progress.js";
import { type Unit, unitOf } from "../unit.js";
import { escapeHtml } from "./escape.js";
import { type ChartLine, lineChart } from "./line-chart.js";
import type { LedgerAt, RunQuality, RunSummary } from "./run-summary.js";

/** Distinct colours, also for most people with colour blindness. */
const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a6d3b", "#666"];
const colorOf = (i: number): string => COLORS[i % COLORS.length] as string;

/** Most layers in a chart of the ledger: the largest contributions. */
const LAYERS = 6;

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2126; --soft: #5c6670; --line: #dfe3e7; --paper: #fff; --exact: #0072b2; --bound: #e69f00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --soft: #a3acb5; --line: #363c43; --paper: #16191d; --exact: #56b4e9; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1000px; padding: 24px 16px 64px; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
h1 { font-size: 1.6rem; } h2 { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1.5rem; font-size: 1.3rem; } h3 { font-size: 1rem; margin-top: 2rem; }
p, .legend { color: var(--soft); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 4px 16px 4px 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 600; color: var(--soft); } td.number, th.number { text-align: right; }
figure { margin: 1rem 0; } svg { width: 100%; height: auto; display: block; }
.grid { stroke: var(--line); } .tick { fill: var(--soft); font-size: 12px; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 20px; padding: 0; margin: 8px 0 0; font-size: 0.875rem; }
.legend span { display: inline-block; width: 12px; height: 12px; margin-right: 8px; }
.bar { display: block; height: 12px; min-width: 1px; background: var(--exact); } .bar.bound { background: var(--bound); }
.bars td:last-child { width: 100%; min-width: 140px; } 
@media (max-width: 600px) { .tick { font-size: 20px; } .bars td:nth-child(3), .bars th:nth-child(3) { display: none; } }
img { max-width: 100%; height: auto; image-rendering: pixelated; background: #fff; }
details { margin-top: 2rem; } summary { font-weight: 600; cursor: pointer; }
pre { overflow-x: auto; font-size: 0.8rem; border: 1px solid var(--line); padding: 12px; }
`;

/** One self-contained page without scripts, fonts or external resources. */
export function reportPage(runs: readonly RunSummary[]): string {
  const title = runs.length === 1 ? `flowify: ${runs[0]?.name}` : `flowify: ${runs.length} runs`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${overview(runs)}
${unitsOf(runs)
  .map((unit) =>
    comparison(
      runs.filter((run) => unitOfRun(run) === unit),
      unit,
    ),
  )
  .join("\n")}
${runs.map(section).join("\n")}
</body>
</html>
`;
}

/** The units of the runs, each once. */
const unitsOf = (runs: readonly RunSummary[]): Unit[] => [...new Set(runs.map(unitOfRun))];
const unitOfRun = ({ config }: RunSummary): Unit => unitOf(config.data.shape);
const titled = ({ name }: Unit): string => `${name.charAt(0).toUpperCase()}${name.slice(1)}`;

function overview(runs: readonly RunSummary[]): string {
  const [unit, ...others] = unitsOf(runs);
  const head = [
    "run",
    others.length === 0 && unit ? unit.name : "likelihood",
    "network",
    "data",
    "steps",
    "batch",
    "seed",
    "time",
  ];
  const rows = runs.map((run) => {
    const { config, training, measured } = run;
    const last = measured.at(-1)?.points.at(-1);
    const taken = training.at(-1)?.step ?? 0;
    return [
      run.name,
      last
        ? `${formatBpd(last.value, last.stdErr ?? Number.NaN)}${others.length > 0 ? ` ${unitOfRun(run).name}` : ""} (${measured.at(-1)?.split})`
        : "–",
      config.network,
      config.data.name,
      taken === config.steps ? formatCount(taken) : `${formatCount(taken)} of ${formatCount(config.steps)}`,
      formatCount(config.batch),
      String(config.seed),
      formatDuration(run.seconds * 1000),
    ];
  });
  return table(head, rows);
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  `<div class="wide"><table><thead><tr>${head.map((cell) => `<th>${escapeHtml(cell)}</th>`).join("")}</tr></thead><tbody>${rows
    .map((row) => `<tr>${row.map((cell) => `<td>${escapeHtml(cell)}</td>`).join("")}</tr>`)
    .join("")}</tbody></table></div>`;

/** The curves of all runs of one unit in one chart. */
function comparison(runs: readonly RunSummary[], unit: Unit): string {
  const steps = Math.max(...runs.map(({ config }) => config.steps));
  const lines = runs.flatMap((run, i): ChartLine[] => {
    const color = colorOf(i);
    const measured = run.measured.map(({ split, points }) => ({
      name: `${run.name}: ${split}`,
      color,
      points,
    }));
    return [{ name: `${run.name}: training`, color, points: run.training, faint: true }, ...measured];
  });
  return `<h3>${titled(unit)}</h3>${lineChart({ title: `${titled(unit)} over the steps`, lines, steps })}`;
}

function section(run: RunSummary): string {
  const { config, ledgers, pictures, returns } = run;
  const newest = ledgers.at(-1);
  return [
    `<h2>${escapeHtml(run.name)}</h2>`,
    `<p>${escapeHtml(`${config.network} on ${formatCount(config.data.examples)} ${nounOf(config.data)} of ${config.data.name}, ${config.device}`)}</p>`,
    ...returns.map(
      ({ step, failed, layer, until }) =>
        `<p>${escapeHtml(`Step ${failed} was not finite in ${layer}. Training returned to step ${step}, with a smaller step size until step ${until}.`)}</p>`,
    ),
    newest ? `<h3>Ledger after step ${formatCount(newest.step)}</h3>${ledgerBars(newest, run)}` : "",
    ledgers.length > 1 ? `<h3>The largest contributions over time</h3>${ledgerLines(run)}` : "",
    run.quality ? qualityTable(run.quality) : "",
    ...pictures.map(
      ({ title, png }) =>
        `<h3>${title}</h3><img alt="${title} of ${escapeHtml(run.name)}" src="data:image/png;base64,${Buffer.from(png).toString("base64")}">`,
    ),
    `<details><summary>Configuration</summary><pre>${escapeHtml(JSON.stringify(config, null, 2))}</pre></details>`,
  ].join("\n");
}

/** Quality of the samples, compared with other real images. */
function qualityTable(quality: RunQuality): string {
  const [head = [], ...rows] = qualityRows(quality);
  return `<h3>Quality of ${formatCount(quality.count)} samples after step ${formatCount(quality.step)}, temperature ${quality.temperature}</h3>${table(head, rows)}`;
}

/** Contribution of each layer as bars from a common zero. */
function ledgerBars({ layers }: LedgerAt, run: RunSummary): string {
  const entries = Object.entries(layers);
  const low = Math.min(0, ...entries.map(([, value]) => value));
  const high = Math.max(0, ...entries.map(([, value]) => value));
  const percent = (value: number): string => `${((100 * value) / (high - low || 1)).toFixed(2)}%`;
  const rows = entries.map(([layer, value]) => {
    const kind = run.exact[layer] === false ? "bound" : "exact";
    const from = Math.min(value, 0) - low;
    return `<tr><td>${escapeHtml(layer)}</td><td class="number">${signed(value)}</td><td>${kind}</td><td><span class="bar ${kind}" style="margin-left:${percent(from)};width:${percent(Math.abs(value))}"></span></td></tr>`;
  });
  const total = entries.reduce((sum, [, value]) => sum + value, 0);
  return `<div class="wide"><table class="bars"><thead><tr><th>layer</th><th class="number">${unitOfRun(run).field === "bpd" ? "bits/dim" : "nats"}</th><th></th><th></th></tr></thead><tbody>${rows.join("")}<tr><th>total</th><td class="number">${signed(total)}</td><td></td><td></td></tr></tbody></table></div>`;
}

const signed = (value: number): string => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;

function ledgerLines({ ledgers, config }: RunSummary): string {
  const size = (layer: string): number =>
    Math.max(...ledgers.map(({ layers }) => Math.abs(layers[layer] ?? 0)));
  const largest = Object.keys(ledgers.at(-1)?.layers ?? {})
    .sort((a, b) => size(b) - size(a))
    .slice(0, LAYERS);
  const lines = largest.map((layer, i) => ({
    name: layer,
    color: colorOf(i),
    points: ledgers.map(({ step, layers }) => ({ step, value: layers[layer] ?? 0 })),
  }));
  return lineChart({ title: "Ledger over the steps", lines, steps: config.steps, height: 260 });
}
