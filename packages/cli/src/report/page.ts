import { nounOf } from "../data/image-set.js";
import { escapeXml } from "../pictures/escape.js";
import { ledgerRowsChart } from "../pictures/ledger-chart.js";
import { signed } from "../pictures/ledger-rows.js";
import { type ChartLine, lineChart } from "../pictures/line-chart.js";
import { pageOf, table } from "../pictures/page-frame.js";
import { seriesColor, TRAINING } from "../pictures/theme.js";
import { valueAt } from "../places.js";
import { qualityRows } from "../quality/say-quality.js";
import { countOf, formatBpd, formatCount } from "../ui/format.js";
import { formatDuration } from "../ui/progress.js";
import { type Unit, unitOf } from "../unit.js";
import type { LedgerAt, RunQuality, RunSummary } from "./run-summary.js";
import { TABLE_STYLE, type TableReport, tableSection } from "./table/section.js";

const PAGE = { theme: "page", width: 840, height: 320 } as const;

/** A chart at its natural size; narrow screens scroll it, so that its text stays readable. */
const figure = (svg: string): string => `<div class="wide">${svg}</div>`;

/** Most layers in a chart of the ledger: the largest contributions. */
const LAYERS = 6;

/** A run, and what is said of the rows of its table. */
export type ReportedRun = RunSummary & Readonly<{ table?: TableReport }>;

/** One self-contained page without scripts, fonts or external resources. */
export async function reportPage(runs: readonly ReportedRun[]): Promise<string> {
  const title = runs.length === 1 ? `flowify: ${runs[0]?.name}` : `flowify: ${runs.length} runs`;
  const comparisons = await Promise.all(
    unitsOf(runs).map((unit) =>
      comparison(
        runs.filter((run) => unitOfRun(run) === unit),
        unit,
      ),
    ),
  );
  const sections = await Promise.all(runs.map(section));
  return pageOf(title, [overview(runs), ...comparisons, ...sections], TABLE_STYLE);
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
      taken === config.training.steps
        ? formatCount(taken)
        : `${formatCount(taken)} of ${formatCount(config.training.steps)}`,
      formatCount(config.training.batchSize),
      String(config.training.seed),
      formatDuration(run.seconds * 1000),
    ];
  });
  return table(head, rows);
}

/** A long name without its middle, so that what is written behind it stays in sight. */
const shortened = (name: string): string =>
  name.length > 32 ? `${name.slice(0, 20)}…${name.slice(-11)}` : name;

/** Dashes of the curves of one run, in the order of its splits. */
const DASHES = [
  [1, 0],
  [6, 4],
  [2, 3],
];

/** The curves of all runs of one unit in one chart. */
async function comparison(runs: readonly RunSummary[], unit: Unit): Promise<string> {
  const steps = Math.max(...runs.map(({ config }) => config.training.steps));
  const alone = runs.length === 1;
  const lines = runs.flatMap((run, i): ChartLine[] => {
    const color = seriesColor(i);
    const measured = run.measured.map(({ split, points }, j) => ({
      name: `${shortened(run.name)}: ${split}`,
      // of one run the colours say which examples; of several, which run, and the dashes which examples
      ...(alone ? { color: seriesColor(j) } : { color, dash: valueAt(DASHES, j % DASHES.length) }),
      points,
    }));
    const training = {
      name: `${shortened(run.name)}: training`,
      color: alone ? TRAINING : `${color}90`,
      points: run.training,
      faint: true,
    };
    return [training, ...measured];
  });
  const title = `${titled(unit)} over the steps`;
  return `<h3>${titled(unit)}</h3>${figure(await lineChart({ ...PAGE, title, unit: unit.name, lines, steps }))}`;
}

async function section(run: ReportedRun): Promise<string> {
  const { config, ledgers, pictures, returns, table: rows } = run;
  const newest = ledgers.at(-1);
  const isOfImages = config.data.shape.length === 3;
  return [
    `<h2>${escapeXml(run.name)}</h2>`,
    `<p>${escapeXml(`${config.network} on ${formatCount(config.data.examples)} ${nounOf(config.data)} of ${config.data.name}, ${config.device}`)}</p>`,
    ...returns.map(
      ({ step, failed, layer, until }) =>
        `<p>${escapeXml(`Step ${failed} was not finite in ${layer}. Training returned to step ${step}, with a smaller step size until step ${until}.`)}</p>`,
    ),
    rows ? await tableSection(rows) : "",
    newest ? `<h3>Ledger after step ${formatCount(newest.step)}</h3>${await ledgerOf(newest, run)}` : "",
    ledgers.length > 1 ? `<h3>The largest contributions over time</h3>${await ledgerLines(run)}` : "",
    run.quality ? qualityTable(run.quality) : "",
    ...pictures.map(
      ({ title, png }) =>
        `<h3>${title}</h3><img ${isOfImages ? 'class="grid"' : `width="${shownWidth(png)}"`} alt="${title} of ${escapeXml(run.name)}" src="data:image/png;base64,${Buffer.from(png).toString("base64")}">`,
    ),
    `<details><summary>Configuration</summary><pre>${escapeXml(JSON.stringify(config, null, 2))}</pre></details>`,
  ].join("\n");
}

/** The width of a chart, which is drawn at twice its size: PNG holds it in bytes 16 to 19. */
const shownWidth = (png: Uint8Array): number => Buffer.from(png).readUInt32BE(16) / 2;

/** Quality of the samples, compared with other real images. */
function qualityTable(quality: RunQuality): string {
  const [head = [], ...rows] = qualityRows(quality);
  return `<h3>Quality of ${countOf(quality.count, "sample")} after step ${formatCount(quality.step)}, temperature ${quality.temperature}</h3>${table(head, rows)}`;
}

/** Contribution of each layer, as a chart and as a table. */
async function ledgerOf({ layers, step }: LedgerAt, run: RunSummary): Promise<string> {
  const unit = unitOfRun(run);
  const ledger = Object.entries(layers).map(([layer, value]) => ({
    layer,
    value,
    likelihood: run.likelihoods[layer] ?? "exact",
  }));
  const title = `Ledger of ${run.name} after step ${formatCount(step)}`;
  const rows = ledger.map(({ layer, value, likelihood }) => [layer, signed(value), likelihood]);
  return `${figure(await ledgerRowsChart(ledger, { title, unit, theme: "page" }))}<details><summary>All layers</summary>${table(["layer", unit.name, ""], rows)}</details>`;
}

async function ledgerLines({ name, ledgers, config }: RunSummary): Promise<string> {
  const size = (layer: string): number =>
    Math.max(...ledgers.map(({ layers }) => Math.abs(layers[layer] ?? 0)));
  const lines = Object.keys(ledgers.at(-1)?.layers ?? {})
    .sort((a, b) => size(b) - size(a))
    .slice(0, LAYERS)
    .map((layer) => ({
      name: layer,
      points: ledgers.map(({ step, layers }) => ({ step, value: layers[layer] ?? 0 })),
    }));
  const title = `Ledger of ${name} over the steps`;
  const unit = unitOf(config.data.shape).name;
  return figure(await lineChart({ ...PAGE, title, unit, lines, steps: config.training.steps, height: 260 }));
}
